import test from "ava";
import { SourceError } from "../../reader/source-error.ts";
import { parseImageAddress } from "../../remote/address.ts";

test("the name of a repository is that of the specification, and leads to no other path", (t) => {
  for (const name of ["a", "a/b", "a.b/c__d/e--f/g_h", "docs/site"]) {
    t.like(parseImageAddress(`oci://r.example.com/${name}:v1`), { repository: name, reference: "v1" });
  }
  for (const name of [
    "a/../b",
    "a/../../b",
    "a/./b",
    "a//b",
    "../a",
    "a/..",
    "a...b",
    "a/b/",
    "a%2f..%2fb",
  ]) {
    const parse = () => parseImageAddress(`oci://r.example.com/${name}:v1`);
    t.throws(parse, { instanceOf: SourceError, code: "BAD_ADDRESS" }, name);
  }
});

test("a registry that there cannot be is refused before anything is sent", (t) => {
  for (const registry of ["h:99999", "256.256.256.256", "[::1", "[:::1]", "1.2.3.4.5.6"]) {
    const parse = () => parseImageAddress(`oci://${registry}/a:v1`);
    t.throws(parse, { instanceOf: SourceError, code: "BAD_ADDRESS" }, registry);
  }
});
