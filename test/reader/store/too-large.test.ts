import test from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { connect } from "../../../reader/store/connect.ts";
import { imageOfTree, whole } from "../pack-fixture.ts";
import { encodeTree } from "../repository.ts";

const BLOB = whole("blob", Buffer.alloc(70_000));
const TREE = whole("tree", Buffer.alloc((64 << 20) + 1, "x"));
const ROOT = whole(
  "tree",
  encodeTree([
    { mode: "100644", name: "large\n", id: BLOB.id },
    { mode: "40000", name: "tree", id: TREE.id },
  ]),
);

test("the error for an object too large for memory names its path", async (t) => {
  const store = connect(memoryDevice(imageOfTree(ROOT, [BLOB, TREE])), { maxObjectSize: 69_999 });
  const message =
    /^large\\u000a: the object at byte \d+ has 70000 bytes; at most 69999 are read into memory$/;
  t.throws(() => store.get("large\n"), { code: "OBJECT_TOO_LARGE", message });
  for await (const { value } of store.getAll(["large\n"])) {
    t.like(value, { code: "OBJECT_TOO_LARGE" });
    t.regex((value as Error).message, message);
  }
  const tree = { code: "OBJECT_TOO_LARGE", message: /^\/tree(\/x)?: / };
  t.throws(() => store.list("/tree"), tree);
  t.throws(() => store.get("/tree/x"), tree);
  t.throws(() => store.exists("/tree/x"), { code: "OBJECT_TOO_LARGE" });
});
