import { createHash } from "node:crypto";
import test from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import type { ThreadTask } from "../../../reader/bulk/thread-pool.ts";
import { DocteurError } from "../../../reader/errors.ts";
import { NODE_PLATFORM } from "../../../reader/node-platform.ts";
import { PakoInflater } from "../../../reader/pack/inflate-pako.ts";
import type { Platform } from "../../../reader/platform.ts";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";
import { refused } from "../fault.ts";
import { assembleImage } from "../image-fixture.ts";
import { Repository } from "../repository.ts";
import { PlainSha1 } from "../sha1.ts";

const FILES = new Map<string, Buffer>();
for (let version = 0; version < 12; version++) {
  const lines = Array.from({ length: 400 }, (_, line) => line * (line === version ? 3 : 7));
  FILES.set(`text-${version}`, Buffer.from(lines.join("\n")));
}
FILES.set("empty", Buffer.alloc(0));
// More than a blob that is read in one go.
FILES.set("large", Buffer.alloc(1024 * 1024 + 17, "a blob that passes through a window "));

/** An image with undeltified objects, and with deltas of one sort. */
function imageOf(offsetDeltas: boolean): Buffer {
  using repository = new Repository();
  const entries = [...FILES].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const names = entries.map(([name, content]) => ({
    mode: "100644",
    name,
    id: repository.write("blob", content),
  }));
  const commit = repository.writeCommit(repository.writeTree(names));
  return assembleImage({ commit, ...repository.pack(commit, { offsetDeltas }) });
}

const IMAGES = [imageOf(true), imageOf(false)];

/** Pako, and a hash of another make than Node's; counts what is made. */
function otherPlatform() {
  const made = { inflaters: 0, hashes: 0 };
  const platform: Platform = {
    createInflater() {
      made.inflaters++;
      return new PakoInflater();
    },
    createHash() {
      made.hashes++;
      return new PlainSha1();
    },
  };
  return { platform, made };
}

test("the hash of another make is SHA-1", (t) => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
    const bytes = Buffer.alloc(length, "bytes");
    const hash = new PlainSha1().update(bytes.subarray(0, 9)).copy().update(bytes.subarray(9));
    t.deepEqual(Buffer.from(hash.digest()), createHash("sha1").update(bytes).digest());
  }
});

for (const [name, options] of [
  ["with the IDX", {}],
  ["with the IDX rebuilt", { analyze: true }],
  ["with all paths mapped", { layout: "fast" }],
] as const) {
  test(`a store with another inflater and another hash reads all, ${name}`, async (t) => {
    for (const image of IMAGES) {
      const { platform, made } = otherPlatform();
      const store = connect(memoryDevice(image), { ...options, platform });
      for (const [key, content] of FILES) {
        t.true(content.equals(store.get(key)), key);
        t.deepEqual(Buffer.from(store.getPartial(key, { offset: 5, length: 100 })), content.subarray(5, 105));
        const reader = store.open(key);
        t.true(reader.verify());
        reader.close();
      }
      for await (const { key, value } of store.getAll(FILES.keys())) {
        t.true(value instanceof Uint8Array && FILES.get(key as string)!.equals(value), String(key));
      }
      t.true(made.inflaters > 0 && made.hashes > FILES.size);
      store.close();
    }
  });
}

test("what a store reads is verified by the hash of its platform", (t) => {
  const other: Platform = {
    ...otherPlatform().platform,
    createHash: () => new PlainSha1().update("another hash"),
  };
  for (const image of IMAGES)
    refused(t, "object-id", () => connect(memoryDevice(image), { platform: other }));
  const wrong: Platform = { ...otherPlatform().platform, hash: () => "\xab".repeat(20) };
  for (const image of IMAGES)
    refused(t, "object-id", () => connect(memoryDevice(image), { platform: wrong }));
  const short: Platform = { ...otherPlatform().platform, hash: () => "" };
  for (const image of IMAGES)
    refused(t, "object-id", () => connect(memoryDevice(image), { platform: short }));
});

test("what a store reads is inflated by the inflater of its platform, unless pako is asked for", (t) => {
  const platform: Platform = {
    ...otherPlatform().platform,
    createInflater() {
      throw new DocteurError("NO_NODE", "there is none");
    },
  };
  const [image] = IMAGES as [Buffer];
  refused(t, "NO_NODE", () => connect(memoryDevice(image), { platform }));
  refused(t, "NO_NODE", () => connect(memoryDevice(image), { platform, inflate: "zlib" }));
  const store = connect(memoryDevice(image), { platform, inflate: "pako" });
  t.true(FILES.get("text-3")!.equals(store.get("text-3")));
});

test("the threads of a platform get the options without it; without threads it has none", async (t) => {
  const tasks: [number, ThreadTask][] = [];
  const [image] = IMAGES as [Buffer];
  const device = { ...memoryDevice(image), path: "the same again" };
  const read = async (options: ConnectOptions) => {
    const store = connect(device, options);
    let equal = 0;
    for await (const { key, value } of store.getAll(
      [...FILES.keys()].flatMap((key) => Array(20).fill(key)),
    )) {
      if (value instanceof Uint8Array && FILES.get(key as string)!.equals(value)) equal++;
    }
    store.close();
    return equal;
  };
  const platform: Platform = { ...NODE_PLATFORM, threads: undefined };
  const threads = {
    available: () => 3,
    start(count: number, task: ThreadTask) {
      tasks.push([count, task]);
      // They never take anything: all is read by the calling thread.
      return { meanwhile: () => Promise.reject(new Error("dead")), close() {} };
    },
  };
  t.is(await read({ platform, threads: 8 }), FILES.size * 20);
  t.is(tasks.length, 0);
  t.is(await read({ platform: { ...platform, threads }, treeCacheSize: 12_345 }), FILES.size * 20);
  t.deepEqual(
    tasks.map(([count, { path, options }]) => [count, path, options.treeCacheSize, "platform" in options]),
    [[2, "the same again", 12_345, false]],
  );
  t.notThrows(() => structuredClone(tasks[0]![1].options));
});
