import test from "ava";
import fc from "fast-check";
import { isPrintable, printable, printableBytes } from "../../reader/printable.ts";

const CONTROLS = [
  "\0",
  "\x07",
  "\n",
  "\x1b",
  "\x7f",
  "\x85",
  "\x9b",
  "\u2028",
  "\u061c",
  "\u200f",
  "\u202e",
  "\u2066",
];

test("printable escapes what could control a terminal, and nothing else", (t) => {
  for (const control of CONTROLS) {
    const digits = control.charCodeAt(0).toString(16).padStart(4, "0");
    t.is(printable(`a${control}b`), `a\\u${digits}b`);
    t.is(printableBytes(Buffer.from(`a${control}b`)), `a\\u${digits}b`);
    t.false(isPrintable(control));
  }
  t.is(printable("naïve 😀 \\ \"'"), "naïve 😀 \\ \"'");
  t.is(printable("a\n\tb\r\x1b[m", "\n\t"), "a\n\tb\\u000d\\u001b[m");
  t.is(printableBytes(Buffer.from("caf\xe9 \x9b\x1b", "latin1")), "caf\\xe9 \\x9b\\u001b");
  t.is(printableBytes(Buffer.from("\ufeff\ufffd")), "\ufeff\ufffd");
});

test("printableBytes shows the UTF-8 of any bytes and escapes the rest", (t) => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 5 }),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
    fc
      .constantFrom("\xf0\x90", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\xff")
      .map((text) => Buffer.from(text, "latin1")),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const bytes = Buffer.concat(pieces);
      const shown = printableBytes(bytes);
      t.true(isPrintable(shown));
      // What Node takes for no UTF-8 is what is escaped.
      t.is(
        shown.replace(/(\\x[0-9a-f]{2})+/g, "\ufffd"),
        printable(decoder.decode(bytes)).replace(/\ufffd+/g, "\ufffd"),
      );
    }),
  );
});
