import test from "ava";
import fc from "fast-check";
import { encodeName, folderUrl, parseTarget, storePath } from "../../../guest/http/target.ts";

const cases: [target: string, names: string[], folder: boolean, query: string][] = [
  ["/", [], true, ""],
  ["/a", ["a"], false, ""],
  ["/a/", ["a"], true, ""],
  ["/a/b?c=/d/../", ["a", "b"], false, "?c=/d/../"],
  ["//a///b", ["a", "b"], false, ""],
  ["/a/./b/.", ["a", "b"], true, ""],
  ["/a/../b", ["b"], false, ""],
  ["/../../b/..", [], true, ""],
  ["/%2e%2E/%2e/b", ["b"], false, ""],
  ["/a%20b/%c3%AF", ["a b", "Ã¯"], false, ""],
  ["/a%2Fb", ["a/b"], false, ""],
  ["/...", ["..."], false, ""],
  ["http://example.org/a/b", ["a", "b"], false, ""],
  ["HTTPS://example.org:8080?q", [], true, "?q"],
];

for (const [target, names, folder, query] of cases) {
  test(`the target ${target}`, (t) => {
    const parsed = parseTarget(target)!;
    t.deepEqual(
      parsed.names.map((name) => Buffer.from(name).toString("latin1")),
      names,
    );
    t.is(parsed.folder, folder);
    t.is(parsed.query, query);
  });
}

for (const target of ["", "*", "a", "/%", "/%2", "/%zz", "/a%4/b", "ftp://example.org/a", "example.org:80"]) {
  test(`the target '${target}' is no path`, (t) => t.is(parseTarget(target), undefined));
}

test("a decoded slash or NUL never separates or ends a path", (t) => {
  for (const target of ["/a%2fb", "/..%2f..%2fetc%2fpasswd", "/a%00", "/%2F"]) {
    t.is(storePath(parseTarget(target)!.names), undefined, target);
  }
});

test("any name, encoded, stands for itself, and a folder's URL for that folder on this host", (t) => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .filter((bytes) => !["", ".", ".."].includes(Buffer.from(bytes).toString("latin1")));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 4 }), (names) => {
      const url = folderUrl(names);
      t.regex(url, /^\/([A-Za-z0-9._~%-]+\/)*$/);
      const parsed = parseTarget(url)!;
      t.true(parsed.folder);
      t.deepEqual(
        parsed.names.map((each) => [...each]),
        names.map((each) => [...each]),
      );
    }),
  );
  t.is(encodeName(Buffer.from("a b/?#%\\ï")), "a%20b%2F%3F%23%25%5C%C3%AF");
});
