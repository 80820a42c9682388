import test from "ava";
import { shownPath } from "../../image-builder/shown-path.ts";

test("a path in a message is one line, with its bytes escaped", (t) => {
  for (const [path, shown] of [
    [Buffer.from("/a/naïve file"), "/a/naïve file"],
    [Buffer.from("a\nb"), '"a\\012b"'],
    [Buffer.from('say "x"\\'), '"say \\"x\\"\\\\"'],
    [Buffer.from([0x61, 0xff, 0xfe]), '"a\\377\\376"'],
    [Buffer.from("\x1b[31m"), '"\\033[31m"'],
  ] as const) {
    t.is(shownPath(path), shown);
  }
});
