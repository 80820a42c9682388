import { gzipSync } from "node:zlib";
import test from "ava";
import { decodeHeader, encodeHeader } from "../../../reader/image/header.ts";

const SIZE = 100_000;

const LONG_PAGE = "<!DOCTYPE html>\n<html lang=en><title>Log in</title>";

for (const [what, bytes, message] of [
  ["a short web page", "<html>", "it is a web page; check its address"],
  ["a web page", LONG_PAGE, "it is a web page; check its address"],
  ["a web page with a mark", `\ufeff \n${LONG_PAGE}`, "it is a web page; check its address"],
  ["XML", '<?xml version="1.0"?><Error><Code>AccessDenied', "it is an XML file; check its address"],
  ["gzip", gzipSync("x".repeat(100)), "it is compressed with gzip; decompress it first"],
  ["a bundle", `# v2 git bundle\n${"0".repeat(40)} HEAD\n`, /^it is a git bundle; .*docteur make/],
  ["a pack", `PACK\0\0\0\x02\0\0\0\x01${"\xff".repeat(40)}`, /^it is a pack of Git; .*docteur make/],
  ["qcow2", `QFI\xfb\0\0\0\x03${"\xff".repeat(40)}`, /^it is a qcow2 disk; .*qemu-img convert/],
  ["text", "All work and no play makes Jack a dull boy. All work and no play", /^it is text, with no header/],
] as const) {
  test(`a file that is no image is named: ${what}`, (t) => {
    const start =
      typeof bytes !== "string"
        ? bytes
        : Buffer.from(bytes, what === "a web page with a mark" ? "utf8" : "latin1");
    const error = t.throws(() => decodeHeader(start.subarray(0, 44), SIZE));
    const found = error!.message.replace(/^invalid image: (.*) \(at byte 0\)$/, "$1");
    if (typeof message === "string") t.is(found, message);
    else t.regex(found, message);
  });
}

test("a damaged image whose commit's id reads as another file's beginning is still an image", (t) => {
  const id = Buffer.alloc(20, 1);
  id.set(Buffer.from("<html>"));
  const start = Buffer.concat([encodeHeader(id, SIZE + 1), Buffer.from("PACK\0\0\0\x02")]);
  t.throws(() => decodeHeader(start, SIZE), { message: /the index offset 100001 lies outside/ });
});
