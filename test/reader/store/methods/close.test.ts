import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openFileDevice } from "../../../../reader/block/file.ts";
import { InvalidImageError } from "../../../../reader/errors.ts";
import { connect } from "../../../../reader/store/connect.ts";
import { Store } from "../../../../reader/store/store.ts";
import { FIXTURES } from "../../../fixtures.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { imageOfTree, whole } from "../../pack-fixture.ts";
import { encodeTree } from "../../repository.ts";
import { noise, sample } from "./sample.ts";

const LARGE = whole("blob", noise(300_000, 1));

/** A tree that is larger than what the smallest caches keep; its files are not in the image. */
const BIG = whole(
  "tree",
  encodeTree(
    Array.from({ length: 10_000 }, (_, i) => ({
      mode: "100644",
      name: `f${i + 10_000}`,
      id: noise(20, i).toString("hex"),
    })),
  ),
);
const ROOT = whole(
  "tree",
  encodeTree([
    { mode: "40000", name: "big", id: BIG.id },
    { mode: "100644", name: "large", id: LARGE.id },
  ]),
);

async function first(values: AsyncGenerator<{ readonly value: unknown }>): Promise<void> {
  const { value } = (await values.next()).value as { readonly value: unknown };
  if (value instanceof Error) throw value;
}

const CALLS: Readonly<Record<string, (store: Store) => unknown>> = {
  get: (store) => store.get("large"),
  getPartial: (store) => store.getPartial("large", { offset: 0, length: 1 }),
  getAll: (store) => first(store.getAll(["large"])),
  getAllById: (store) => first(store.getAllById([LARGE.id])),
  open: (store) => store.open("large").verify(),
  openCompressed: (store) => store.openCompressed("large")!.verify(),
  stream: (store) => store.stream("large").next(),
  list: (store) => store.list("big"),
  folder: (store) => store.folder("big"),
  descend: (store) => store.descend("big"),
  describe: (store) => store.describe("big/f"),
  exists: (store) => store.exists("big/f"),
  size: (store) => store.size("big/f"),
  digest: (store) => store.digest("big/f"),
  lastModified: (store) => store.lastModified("big/f"),
  prefix: (store) => store.prefix("big/").next(),
  readLink: (store) => store.readLink("big/f"),
  countPaths: (store) => store.countPaths().step(100_000),
};

for (const [method, call] of Object.entries(CALLS)) {
  test.serial(`${method} fails after close where it needs the device`, async (t) => {
    const path = join(temporaryFolder(t), "x.img");
    writeFileSync(path, imageOfTree(ROOT, [LARGE, BIG]));
    const store = connect(openFileDevice(path), { sectorCacheSize: 0, threads: 1 });
    store.close();
    const error = await t.throwsAsync<InvalidImageError>(async () => call(store), {
      instanceOf: InvalidImageError,
      code: "INVALID_IMAGE",
    });
    t.is(error.fault, "device");
  });
}

test("each method but close has a call here", (t) => {
  const methods = Object.entries(Object.getOwnPropertyDescriptors(Store.prototype))
    .filter(([name, { value }]) => typeof value === "function" && !["constructor", "close"].includes(name))
    .map(([name]) => name);
  t.deepEqual(methods.sort(), Object.keys(CALLS).sort());
});

test("close closes the device, and may be called twice", (t) => {
  let closed = 0;
  const device = openFileDevice(join(FIXTURES, "small.img"));
  const close = device.close.bind(device);
  device.close = () => {
    closed++;
    close();
  };
  const store = connect(device);
  store.close();
  t.is(closed, 1);
  t.notThrows(() => store.close());
});

test("what was read before close is still there", (t) => {
  const path = join(temporaryFolder(t), "x.img");
  writeFileSync(path, sample.image);
  const store = connect(openFileDevice(path));
  const value = store.get("file");
  const entries = store.list("/");
  store.close();
  t.deepEqual(Buffer.from(value), sample.content("file"));
  t.is(entries.length, 14);
});
