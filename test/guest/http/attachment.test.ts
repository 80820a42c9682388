import test from "ava";
import fc from "fast-check";
import { attachment } from "../../../guest/http/attachment.ts";

for (const [name, expected] of [
  ["docs", 'attachment; filename="docs.zip"'],
  ["a b", 'attachment; filename="a b.zip"'],
  ["naïve", "attachment; filename=\"na_ve.zip\"; filename*=UTF-8''na%C3%AFve.zip"],
  ["日本", "attachment; filename=\"__.zip\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.zip"],
  ["💾", "attachment; filename=\"_.zip\"; filename*=UTF-8''%F0%9F%92%BE.zip"],
  ["100%;x", "attachment; filename=\"100__x.zip\"; filename*=UTF-8''100%25%3Bx.zip"],
  ['a"b\\c', 'attachment; filename="a_b_c.zip"'],
  ["a\r\nSet-Cookie: x", 'attachment; filename="a__Set-Cookie_ x.zip"'],
  [".hidden", 'attachment; filename="_hidden.zip"'],
  ["\u202egpj.exe", 'attachment; filename="_gpj.exe.zip"'],
  ["x".repeat(300), `attachment; filename="${"x".repeat(200)}.zip"`],
] as const) {
  test(`a folder is saved under a safe name: ${JSON.stringify(name).slice(0, 40)}`, (t) =>
    t.is(attachment(Buffer.from(name), ".zip"), expected));
}

test("bytes that are not UTF-8 become underscores", (t) => {
  t.is(attachment(Buffer.from("a\xff\xfeb", "latin1"), ".tar"), 'attachment; filename="a__b.tar"');
});

test("a long name is cut between two characters", (t) => {
  const [, name] = /filename\*=UTF-8''(.*)\.tar$/.exec(
    attachment(Buffer.from(`x${"日".repeat(99)}`), ".tar"),
  )!;
  t.is(decodeURIComponent(name!), `x${"日".repeat(66)}`);
});

test("whatever the name is, the field is one of printable ASCII, and its file name has no separator", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (name) => {
      const [, ascii, , extended = ""] =
        /^attachment; filename="([\x20-\x7e]+)"(; filename\*=UTF-8''([\w.~%-]+))?$/.exec(
          attachment(name, ".tar"),
        )!;
      t.notRegex(ascii!, /["/\\]/);
      t.notRegex(decodeURIComponent(extended), /[/\\\0-\x1f]/);
      t.true(Buffer.byteLength(decodeURIComponent(extended)) <= 204);
    }),
  );
});
