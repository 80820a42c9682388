import test from "ava";
import { connect } from "../../../reader/store/connect.ts";
import { refused } from "../fault.ts";
import { imageOfTree, open, treeOf, whole } from "../pack-fixture.ts";
import { recordingDevice } from "../recording-device.ts";
import { encodeTree } from "../repository.ts";

const LEAF = whole("blob", "leaf\n");
const FOLDER = treeOf({ leaf: LEAF.id });

/** Steps that come back to the folder they begin in, as many as a link may have. */
const BACK_AND_FORTH = whole("blob", `${"x/../".repeat(800)}leaf`);

/** Entries of a folder that is too large for the cache of trees. */
const MANY = Array.from({ length: 40_000 }, (_, i) => ({
  mode: "100644",
  name: `w${100_000 + i}`,
  id: LEAF.id,
}));

function hugeFolder(...first: { mode: string; name: string; id: string }[]) {
  return whole("tree", encodeTree([...first, ...MANY]));
}

const OTHER = hugeFolder(
  { mode: "40000", name: "a", id: FOLDER.id },
  { mode: "100644", name: "leaf", id: LEAF.id },
);
const ROOT = hugeFolder(
  { mode: "120000", name: "back-and-forth", id: BACK_AND_FORTH.id },
  { mode: "100644", name: "leaf", id: LEAF.id },
  { mode: "40000", name: "other", id: OTHER.id },
);
// In git's order, after the many.
const END = { mode: "40000", name: "x", id: FOLDER.id };
const IMAGE_ROOT = whole("tree", Buffer.concat([ROOT.data, encodeTree([END])]));
const IMAGE = imageOfTree(IMAGE_ROOT, [LEAF, FOLDER, BACK_AND_FORTH, OTHER]);
const FEW = { treeCacheSize: 100_000, sectorCacheSize: 8192 };

test("the folder that a link comes back to again and again is read once", (t) => {
  const device = recordingDevice(IMAGE);
  const store = connect(device, FEW);
  const sectors = () => device.requests.reduce((sum, request) => sum + request.sectors, 0);
  const before = sectors();
  t.is(Buffer.from(store.get("back-and-forth")).toString(), "leaf\n");
  t.true((sectors() - before) * 512 < 3 * IMAGE.length);
});

test("a path through many large folders exceeds the work of a look-up, a path through few does not", (t) => {
  const path = (times: number) => `${"other/a/../../x/../".repeat(times)}leaf`;
  // 67 MiB of work: each of the folders takes 117 MiB, and what is read last is read in any case.
  const store = open(IMAGE, { ...FEW, workFactor: 1 / 64 });
  t.is(store.exists("other/leaf"), "value");
  refused(t, "TOO_MUCH_WORK", () => store.exists(path(3)));
  t.is(store.exists("leaf"), "value");
  t.is(open(IMAGE, FEW).exists(path(3)), "value");
  // A cache large enough for the folders reads each once.
  const roomy = open(IMAGE, { workFactor: 1 / 64 });
  t.is(roomy.exists("other/leaf"), "value");
  t.is(roomy.exists("leaf"), "value");
  t.is(roomy.exists(path(100)), "value");
});

test("links in a path whose targets take much work to be read end it, too", (t) => {
  const target = "./".repeat(1000);
  const links = Array.from({ length: 30 }, (_, i) => whole("blob", `${target}l${10 + i + 1}`));
  const root = treeOf(
    Object.fromEntries([...links.map(({ id }, i) => [`l${10 + i}`, id]), ["l40", whole("blob", "l41").id]]),
    "120000",
  );
  const withLeaf = whole(
    "tree",
    Buffer.concat([root.data, encodeTree([{ mode: "100644", name: "l41", id: LEAF.id }])]),
  );
  const image = imageOfTree(withLeaf, [LEAF, ...links, whole("blob", "l41")]);
  t.is(open(image).exists("l10"), "value");
  refused(t, "TOO_MUCH_WORK", () => open(image, { treeCacheSize: 0, workFactor: 1 / 100_000 }).exists("l10"));
});

test("with every path mapped, a walk over long ones ends", (t) => {
  // 40 links, each of which goes back and forth at the end of a path of a hundred thousand bytes.
  const name = "n".repeat(100_000);
  const inner = treeOf({ leaf: LEAF.id });
  const steps = whole("blob", `${"x/../".repeat(800)}l`);
  const folder = whole(
    "tree",
    encodeTree([
      { mode: "120000", name: "k", id: steps.id },
      { mode: "100644", name: "l", id: LEAF.id },
      { mode: "40000", name: "x", id: inner.id },
    ]),
  );
  const image = imageOfTree(treeOf({ [name]: folder.id }, "40000"), [LEAF, inner, steps, folder]);
  for (const layout of ["light", "fast"] as const) {
    const store = open(image, { layout });
    t.is(store.exists(`${name}/l`), "value");
    t.is(store.exists(`${name}/k`), "value");
    t.is(store.exists(`${name}/${"x/../".repeat(10)}k`), "value");
  }
  refused(t, "TOO_MANY_LINKS", () => open(image, { layout: "fast" }).get(`${name}/${"x/../".repeat(5000)}k`));
});
