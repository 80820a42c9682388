import fc from "fast-check";

const SIGNS = [..."ab1/?#@:%&\\[]-. é"];
const sign = fc.oneof(fc.constant(""), fc.string({ unit: fc.constantFrom(...SIGNS), maxLength: 6 }));

/** What stands in every password here. */
export const PASSWORD = "SECRET";

/**
 * An address that is more or less well formed, with a password, or a token for a user, before its last `@`.
 */
export const withPassword = fc
  .record({
    before: fc.constantFrom("", "", "", "", "", "", " ", "'", "\t", "./"),
    scheme: fc.constantFrom(
      "https",
      "https",
      "http",
      "HTTPS",
      "ssh",
      "git",
      "file",
      "ftp",
      "git+https",
      "relativize",
      "",
    ),
    slashes: fc.constantFrom(
      "://",
      "://",
      "://",
      "://",
      "://",
      "://",
      ":/",
      ":///",
      ":",
      "//",
      ":////",
      ":\\\\",
      ":/\\",
      "::",
      "",
    ),
    user: fc.constantFrom("user", "user", "user", "user.name", "", "12", "-u", "a/b", "u@x", "[::1]"),
    colon: fc.constantFrom(":", ":", "::", ":/", "/", ""),
    password: fc.tuple(sign, sign).map(([start, end]) => `${start}${PASSWORD}${end}`),
    host: fc.constantFrom("host", "host", "127.0.0.1:1", "host:", "[::1]:81", ""),
    path: fc.constantFrom("/path", "/path", "/path", ":path", "/", "", "?x", "/a/b.git#c"),
  })
  .map(({ before, scheme, slashes, user, colon, password, host, path }) => {
    const text = `${before}${scheme}${slashes}${user}${colon}${password}@${host}${path}`;
    /** Whether it may be a user without a password, which ssh must be told. */
    const userAlone = !/:.*@/s.test(text.replace(/^\w+:\/\//, ""));
    return { text, host, userAlone };
  });
