import test from "ava";
import { ocamlString } from "../../../image-builder/verify/ocaml-string.ts";

test("ocamlString prints bytes as OCaml's %S does", (t) => {
  for (const [bytes, printed] of [
    ["Dr. Greenthumb", '"Dr. Greenthumb"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["\n\t\r\b\0\x1b\x7f", '"\\n\\t\\r\\b\\000\\027\\127"'],
    [Buffer.from("é").toString("latin1"), '"\\195\\169"'],
    ["'~ !", '"\'~ !"'],
  ] as const) {
    t.is(ocamlString(bytes), printed);
  }
});
