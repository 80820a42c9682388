import { mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openFileDevice } from "../../../reader/block/file.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { BulkRead } from "../../../reader/bulk/bulk-read.ts";
import type { PlatformThreads } from "../../../reader/bulk/thread-pool.ts";
import { NodeThreadPool } from "../../../reader/bulk/threads.ts";
import { DocteurError, type InvalidImageError } from "../../../reader/errors.ts";
import { objectId } from "../../../reader/git/object.ts";
import { hex, raw } from "../../../reader/git/object-id.ts";
import { openObjects } from "../../../reader/image/open-objects.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { connect } from "../../../reader/store/connect.ts";
import type { Key, Store } from "../../../reader/store/store.ts";
import { FIXTURES } from "../../fixtures.ts";
import { copy, delta, insert, makeImage, refDelta, whole } from "../pack-fixture.ts";

const SIMILAR = join(FIXTURES, "similar.img");
const folder = mkdtempSync(join(tmpdir(), "docteur-test-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, image: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, image);
  return path;
}

/** The content's id, or the error's code. */
function told(value: Uint8Array | DocteurError): string {
  return value instanceof DocteurError ? value.code : hex(objectId("blob", value, SHA1));
}

async function collect(store: Store, keys: Iterable<Key>): Promise<string[]> {
  const values: string[] = [];
  for await (const { value } of store.getAll(keys)) {
    values.push(told(value));
  }
  return values;
}

function oneByOne(store: Store, keys: Iterable<Key>): string[] {
  return Array.from(keys, (key) => {
    try {
      return told(store.get(key));
    } catch (error) {
      if (error instanceof DocteurError) return told(error);
      throw error;
    }
  });
}

for (const [name, open] of [
  ["in memory", (options: object) => connect(memoryDevice(readFileSync(SIMILAR)), options)],
  ["by threads", (options: object) => connect(openFileDevice(SIMILAR), { ...options, threads: 3 })],
  ["by one thread", (options: object) => connect(openFileDevice(SIMILAR), { ...options, threads: 1 })],
] as const) {
  test(`many values, read ${name}, are those that get gives, in the order asked for`, async (t) => {
    const store = open({});
    t.teardown(() => store.close());
    const paths = [...store.prefix("")].map(({ path }) => path);
    const odd: Key[] = ["nope", "chapter-00", "", "big/version-0.bin/x"];
    const keys = [
      ...paths,
      ...odd,
      ...paths.toReversed(),
      ...odd,
      ...paths.slice(0, 5),
      ...paths.slice(0, 5),
    ];
    t.deepEqual(await collect(store, keys), oneByOne(store, keys));
    t.deepEqual(await collect(store, []), []);
    t.deepEqual(await collect(store, odd), oneByOne(store, odd));
  });

  test(`who stops early, read ${name}, can go on with others`, async (t) => {
    const store = open({});
    t.teardown(() => store.close());
    const paths = [...store.prefix("")].map(({ path }) => path);
    for await (const { value } of store.getAll(paths)) {
      t.true(value instanceof Uint8Array);
      break;
    }
    t.deepEqual(await collect(store, paths), oneByOne(store, paths));
  });
}

test("each large, damaged or mismatching value among many has an error of its own", async (t) => {
  const large = whole("blob", Buffer.alloc(3 << 20, "large"));
  const damaged = { ...whole("blob", "damaged"), stream: Buffer.alloc(20, 3) };
  const mismatching = { ...whole("blob", "mismatching"), id: "ab".repeat(20) };
  const image = makeImage({
    damaged,
    empty: whole("blob", ""),
    mismatching,
    large,
    sound: whole("blob", "sound"),
  });
  const keys = ["large", "damaged", "sound", "empty", "mismatching", "large", "sound"];
  for (const threads of [1, 2]) {
    const store = connect(openFileDevice(fileOf(`mixed-${threads}`, image)), { threads });
    t.teardown(() => store.close());
    const values = await collect(store, keys);
    t.deepEqual(values, oneByOne(store, keys));
    t.is(values.filter((value) => value === "INVALID_IMAGE").length, 2);
  }
});

test("one who takes his time gets each value whole", async (t) => {
  const store = connect(openFileDevice(SIMILAR), { threads: 2 });
  t.teardown(() => store.close());
  const paths = [...store.prefix("")].map(({ path }) => path).slice(0, 40);
  let i = 0;
  for await (const { value } of store.getAll(paths)) {
    await new Promise((resolve) => setImmediate(resolve));
    t.is(told(value), store.digest(paths[i++] as Uint8Array));
  }
});

test("a value stays what it is while others are read, until the next is asked for", async (t) => {
  const base = Buffer.alloc(2_000_000, "a large base ");
  const larger = Buffer.concat([base, Buffer.from("and more")]);
  const made = refDelta(
    whole("blob", base).id,
    delta(base.length, larger.length, copy(0, base.length), insert("and more")),
    larger,
  );
  const names = {
    base: whole("blob", base),
    larger: made,
    other: whole("blob", Buffer.alloc(3_000_000, "other")),
  };
  const store = connect(memoryDevice(makeImage(names)), { baseCacheSize: 2 ** 20 });
  for await (const { key, value } of store.getAll(["base", "larger", "other", "larger"])) {
    const before = told(value);
    for (const name of Object.keys(names)) store.get(name);
    t.is(told(value), before);
    t.is(before, store.digest(key));
  }
});

/**
 * An image of some hundred files, among them runs of some that are larger than a thread's memory for them.
 */
function imageOfAllSizes(): Uint8Array {
  const names: Record<string, ReturnType<typeof whole>> = {};
  for (let i = 0; i < 400; i++) {
    const length = i % 100 < 80 ? i * 10 : (i % 5) * 1_100_000 + i;
    names[`file-${String(i).padStart(3, "0")}`] = whole("blob", Buffer.alloc(length, `${i} `));
  }
  return makeImage(names);
}

test("values of all sizes come in order, from any number of threads", async (t) => {
  const path = fileOf("all-sizes", imageOfAllSizes());
  const paths = connect(openFileDevice(path))
    .list("")
    .map(({ name }) => name);
  const expected = oneByOne(connect(openFileDevice(path)), paths);
  for (const threads of [1, 2, 4]) {
    const store = connect(openFileDevice(path), { threads });
    t.teardown(() => store.close());
    t.deepEqual(await collect(store, paths), expected);
  }
});

test("blobs larger than any batch, many in a row, come in order", async (t) => {
  const names: Record<string, ReturnType<typeof whole>> = {};
  const sizes = [2, 7, 9, 23, 3, 25, 0.1, 0.1, 2, 8, 16, 26, 1, 5];
  sizes.forEach((size, i) => {
    names[`file-${i + 10}`] = whole("blob", Buffer.alloc(size * 2 ** 20, `${i} `));
  });
  const path = fileOf("large-ones", makeImage(names));
  for (const options of [
    { threads: 1 },
    { threads: 3 },
    { threads: 3, maxObjectSize: 9 * 2 ** 20 },
    { threads: 3, maxObjectSize: 2 ** 20 },
  ]) {
    const store = connect(openFileDevice(path), options);
    t.teardown(() => store.close());
    const keys = [...Object.keys(names), ...Object.keys(names)];
    const expected = oneByOne(store, keys);
    t.deepEqual(await collect(store, keys), expected);
    const both = await Promise.all([collect(store, keys), collect(store, keys.toReversed())]);
    t.deepEqual(both, [expected, expected.toReversed()]);
  }
});

test("several can read at once, and some give up meanwhile", async (t) => {
  const store = connect(openFileDevice(SIMILAR), { threads: 3 });
  t.teardown(() => store.close());
  const paths = [...store.prefix("")].map(({ path }) => path);
  const expected = oneByOne(store, paths);
  const abandoned = store.getAll(paths);
  for (let i = 0; i < 70; i++) await abandoned.next();
  const all = Promise.all([collect(store, paths), collect(store, paths.toReversed())]);
  await abandoned.return(undefined);
  const [forwards, backwards] = await all;
  t.deepEqual(forwards, expected);
  t.deepEqual(backwards, expected.toReversed());
});

test("where threads cannot open the image any more, the values are read all the same", async (t) => {
  const path = fileOf("vanishing", readFileSync(SIMILAR));
  const store = connect(openFileDevice(path), { threads: 3 });
  t.teardown(() => store.close());
  const paths = [...store.prefix("")].map(({ path }) => path);
  unlinkSync(path);
  t.deepEqual(await collect(store, paths), oneByOne(store, paths));
});

test("where the program of the threads is missing, as in somebody's bundle, this thread reads all", async (t) => {
  const device = openFileDevice(SIMILAR);
  const { objects } = openObjects(device, {});
  const program = new URL("file:///nowhere/store-thread.cjs");
  const threads: PlatformThreads = {
    available: () => 3,
    start: (count, task) => new NodeThreadPool(program, count, task),
  };
  const bulk = new BulkRead(objects, { threads, count: 2, path: SIMILAR, connect: {} });
  const store = connect(device);
  t.teardown(() => store.close());
  t.teardown(() => bulk.close());
  const ids = [...store.prefix("")].map(({ id }) => raw(id));
  const wanted = ids.map((id) => ({ id }));
  let read = 0;
  for await (const job of bulk.read([...wanted, ...wanted].values())) {
    job.asks.forEach(({ id }, blob) => {
      const found = job.content(blob) ?? objects.read(id, "blob");
      if (hex(objectId("blob", found, SHA1)) === hex(id)) read++;
    });
  }
  t.is(read, 2 * ids.length);
});

test("blobs are read by their ids, and an id of none is missing", async (t) => {
  const store = connect(openFileDevice(SIMILAR), { threads: 2 });
  t.teardown(() => store.close());
  const ids = [...store.prefix("")].map(({ id }) => id);
  ids.splice(100, 0, "00".repeat(20), store.root);
  const values: (string | undefined)[] = [];
  for await (const { id, value } of store.getAllById(ids)) {
    values.push(value instanceof DocteurError ? (value as InvalidImageError).fault : told(value));
    if (!(value instanceof DocteurError)) t.is(told(value), id);
  }
  t.deepEqual(values, ids.with(100, "object-missing").with(101, "object-kind"));
  await t.throwsAsync(store.getAllById(["README.md"]).next(), { instanceOf: RangeError });
});

test("a source of keys is closed when nobody wants more", async (t) => {
  const store = connect(openFileDevice(SIMILAR), { threads: 1 });
  t.teardown(() => store.close());
  let closed = false;
  function* keys() {
    try {
      for (;;) yield "big/version-0.bin";
    } finally {
      closed = true;
    }
  }
  for await (const _ of store.getAll(keys())) break;
  t.true(closed);
});
