import { inspect } from "node:util";
import test from "ava";
import fc from "fast-check";
import { type Endpoint, parseEndpoint } from "../../../image-builder/source/endpoint.ts";
import { requireSource } from "../../../image-builder/source/local-repository.ts";
import { failsWith } from "../failure.ts";
import { PASSWORD, withPassword } from "../with-password.ts";

const parse = (text: string) => parseEndpoint(text, "/here");

test("paths, file:// and relativize:// are parsed as local endpoints", (t) => {
  for (const [text, path] of [
    [".", "/here"],
    ["a/b", "/here/a/b"],
    ["../b", "/b"],
    ["/abs/olute/", "/abs/olute"],
    ["with space", "/here/with space"],
    ["100%", "/here/100%"],
    ["./a:b", "/here/a:b"],
    ["a/b:c", "/here/a/b:c"],
    ["/a@b:c", "/a@b:c"],
    ["file:///a/b", "/a/b"],
    ["FILE:///a", "/a"],
    ["file:///a%20b/%C3%A9%25", "/a b/é%"],
    ["file:///a b", "/a b"],
    ["file://localhost/a", "/a"],
    ["file://localhosted/a", "/localhosted/a"],
    ["file://a/b", "/a/b"],
    ["relativize://a/b", "/here/a/b"],
    ["relativize:///a", "/here/a"],
    ["relativize://.", "/here"],
    ["relativize://../a%20b", "/a b"],
  ] as const) {
    t.deepEqual(parse(text), { kind: "local", path, display: text }, text);
  }
});

test("addresses of other machines are parsed", (t) => {
  for (const [text, transport] of [
    ["git@github.com:dinosaure/docteur", "ssh"],
    ["host:path/to", "ssh"],
    ["host:/path", "ssh"],
    ["user@[::1]:path", "ssh"],
    ["ssh://git@host:2222/~user/path", "ssh"],
    ["ssh://host/path", "ssh"],
    ["git://host/path", "git"],
    ["git://host:9418/path", "git"],
    ["http://host/path.git", "http"],
    ["https://host:8443/path?x=1#y", "https"],
    ["https://[::1]:8443/path", "https"],
  ] as const) {
    const display = text.replace(/\w+@/, "***@");
    t.deepEqual(parse(text), { kind: "remote", transport, url: text, display }, text);
  }
});

test("user and password are taken out of the URL", (t) => {
  for (const [text, url, display, user, password] of [
    ["https://ada:secret@host/p", "https://host/p", "https://***@host/p", "ada", "secret"],
    ["http://ada:s%40c%2Fr%25t@host:81/p", "http://host:81/p", "http://***@host:81/p", "ada", "s@c/r%t"],
    ["https://ada:se@cret@host/p", "https://host/p", "https://***@host/p", "ada", "se@cret"],
    ["https://ada:@host/p", "https://host/p", "https://***@host/p", "ada", ""],
    ["https://token@host/p", "https://host/p", "https://***@host/p", "token", undefined],
    ["HTTPS://ada:a:b@host/p", "https://host/p", "https://***@host/p", "ada", "a:b"],
  ] as const) {
    const endpoint = parse(text);
    if (endpoint.kind !== "remote" || endpoint.credentials === undefined) return t.fail(text);
    t.is(endpoint.url, url);
    t.is(endpoint.display, display);
    t.is(endpoint.credentials.origin, new URL(url).origin);
    t.is(endpoint.credentials.user.reveal(), user);
    t.is(endpoint.credentials.password?.reveal(), password);
  }
});

test("a malformed endpoint is refused in one line", async (t) => {
  for (const [text, message] of [
    ["", /empty/],
    ["ftp://host/path", /scheme ftp:/],
    ["ext::sh -c true", /remote helpers/],
    ["file://", /the path after .* is missing/],
    ["file:///%zz", /percent escape/],
    ["file:///%ff", /percent escape/],
    ["file:///a%00b", /NUL/],
    ["a\nb", /line break/],
    ["relativize://", /the path after .* is missing/],
    ["https://host", /the path after .* is missing/],
    ["https://host/", /the path after .* is missing/],
    ["https:///path", /the host is missing/],
    ["git://:9418/path", /the host is missing/],
    ["https://a b/path", /malformed/],
    ["https://host:port/path", /malformed/],
    ["https://u:p%0aq@host/path", /line break/],
    ["https://u:%@host/path", /percent escape/],
    ["ssh://-oProxyCommand=x/path", /dash/],
    ["-oProxyCommand=x:path", /dash/],
    ["-x@host:path", /dash/],
    ["ssh://u:p@host/path", /password/],
    ["git://u:p@host/path", /password/],
    ["git://u@host/path", /no user/],
    ["ssh://u@x@host/path", /@ is allowed only before the host/],
    ["host:", /the path after .* is missing/],
    [":path", /the host is missing/],
    ["https:/host/path", /two slashes after its scheme, https:/],
    ["HTTP:host/path", /two slashes after its scheme, http:/],
    ["file:/a/b", /two slashes after its scheme, file:/],
    ["https://host/@scope/path", /and @ of a path as %40$/],
    ["https://u:p/q@host/path", /of a password as %2F/],
    ["ssh://host/path@v1", /@ is allowed only before the host/],
    ["host:path@v1", /@ is allowed only before the host/],
    ["u:p@host:path", /@ is allowed only before the host/],
    ["u:p@host/path", /@ is allowed only before the host/],
  ] as const) {
    const error = await failsWith(t, "BAD_ENDPOINT", () => parse(text), message);
    t.true(text.length < 3 || !error.message.includes("u:p"), error.message);
  }
});

test("a password is in no message, and does not reach git or ssh, however it is written", (t) => {
  const seen = { refused: 0, remote: 0, local: 0 };
  fc.assert(
    fc.property(withPassword, ({ text, host, userAlone }) => {
      let endpoint: Endpoint;
      try {
        endpoint = parse(text);
        if (endpoint.kind === "local") requireSource(endpoint.path);
      } catch (error) {
        seen.refused++;
        t.false(inspect(error, { depth: 9 }).includes(PASSWORD), `${text}: ${error}`);
        return;
      }
      seen[endpoint.kind]++;
      t.is(endpoint.kind, "remote", text);
      t.false(endpoint.display.includes(PASSWORD), text);
      if (endpoint.kind !== "remote") return;
      if (!(userAlone && endpoint.transport === "ssh")) {
        t.false(inspect(endpoint, { depth: 9 }).includes(PASSWORD), text);
      }
      // The host is what stands after the last @, and no part of the password.
      const [, asked] = /^(?:\w+:\/\/)?(?:[^@]*@)?([^/?#]*)/.exec(endpoint.url)!;
      t.true(asked!.startsWith(host) && host !== "", `${text}: ${asked}`);
    }),
    { numRuns: 20000 },
  );
  t.true(seen.refused > 100 && seen.remote > 100, JSON.stringify(seen));
});

test("a secret is in nothing that can be printed, whatever it is", (t) => {
  const secret = fc
    .string({ minLength: 4, maxLength: 20, unit: "binary" })
    .filter((text) => !/[\0\r\n]/.test(text));
  const leaks = (endpoint: Endpoint | Error, text: string) =>
    [inspect(endpoint, { depth: 9, showHidden: true }), JSON.stringify(endpoint), String(endpoint)].some(
      (shown) => shown.includes(text),
    );
  fc.assert(
    fc.property(secret, (text) => {
      const password = `~${text}~`;
      const url = `https://ada:${encodeURIComponent(password)}@host/path`;
      const endpoint = parse(url);
      t.false(leaks(endpoint, password));
      t.false(leaks(endpoint, encodeURIComponent(password)));
      if (endpoint.kind === "remote") t.is(endpoint.credentials?.password?.reveal(), password);
    }),
  );
});

test("any text is parsed or refused", (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^[a-z:/@%.[\]-]+$/)), (text) => {
      try {
        t.true(["local", "remote"].includes(parse(text).kind));
      } catch (error) {
        t.is((error as { code?: string }).code, "BAD_ENDPOINT", String(error));
      }
    }),
  );
});
