import test, { type ExecutionContext } from "ava";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";
import { imageOfTree, whole } from "../pack-fixture.ts";
import { recordingDevice } from "../recording-device.ts";
import { encodeTree } from "../repository.ts";

const LEAF = whole("blob", "leaf\n");

/** Entries of a folder that takes some 4.5 MiB in memory. */
const COUNT = 90_000;

function largeFolder(letter: string) {
  const entries = Array.from({ length: COUNT }, (_, i) => ({
    mode: "100644",
    name: `${letter}${100_000 + i}`,
    id: LEAF.id,
  }));
  return whole("tree", encodeTree(entries));
}

const FOLDERS = ["a", "b", "c"].map((name) => ({ name, tree: largeFolder(name) }));
const IMAGE = imageOfTree(
  whole("tree", encodeTree(FOLDERS.map(({ name, tree }) => ({ mode: "40000", name, id: tree.id })))),
  [LEAF, ...FOLDERS.map(({ tree }) => tree)],
);

/** How often something is read of the device while each of the folders is looked into, in this order. */
function reads(t: ExecutionContext, options: ConnectOptions, folders: string) {
  const device = recordingDevice(IMAGE);
  const store = connect(device, { sectorCacheSize: 8192, ...options });
  return [...folders].map((folder, i) => {
    const before = device.requests.length;
    t.is(store.digest(`${folder}/${folder}${100_000 + (i % COUNT)}`), LEAF.id);
    return device.requests.length > before;
  });
}

test("large folders are kept: each is read once, whatever order they are looked into", (t) => {
  t.deepEqual(reads(t, {}, "abcabcacb"), [true, true, true, ...Array<boolean>(6).fill(false)]);
});

test("of more than the budget holds, what was looked into last is kept", (t) => {
  // Room for two of the three.
  const treeCacheSize = 12 * 1024 * 1024;
  t.deepEqual(
    [...reads(t, { treeCacheSize }, "ababcbcabcc")],
    [true, true, false, false, true, false, false, true, true, true, false],
  );
});

test("a folder that the budget does not hold is kept until another such is looked into", (t) => {
  t.deepEqual(reads(t, { treeCacheSize: 100_000 }, "aabab"), [true, false, true, true, true]);
  t.deepEqual(reads(t, { treeCacheSize: 0 }, "aa"), [true, true]);
});
