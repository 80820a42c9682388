import { createHash } from "node:crypto";
import test from "ava";
import { memoryDevice } from "../../../reader/block/memory.ts";
import type { ThreadTask } from "../../../reader/bulk/thread-pool.ts";
import { DocteurError } from "../../../reader/errors.ts";
import { ID_LENGTHS, type ObjectFormat } from "../../../reader/git/object-format.ts";
import { NODE_PLATFORM } from "../../../reader/node-platform.ts";
import { PakoInflater } from "../../../reader/pack/inflate-pako.ts";
import type { Platform } from "../../../reader/platform.ts";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";
import { refused } from "../fault.ts";
import { FORMATS } from "../formats.ts";
import { assembleImage } from "../image-fixture.ts";
import { Repository } from "../repository.ts";
import { PlainSha1 } from "../sha1.ts";
import { PlainSha256 } from "../sha256.ts";

const FILES = new Map<string, Buffer>();
for (let version = 0; version < 12; version++) {
  const lines = Array.from({ length: 400 }, (_, line) => line * (line === version ? 3 : 7));
  FILES.set(`text-${version}`, Buffer.from(lines.join("\n")));
}
FILES.set("empty", Buffer.alloc(0));
// More than a blob that is read in one go.
FILES.set("large", Buffer.alloc(1024 * 1024 + 17, "a blob that passes through a window "));

/** An image with undeltified objects, and with deltas of one sort. */
function imageOf(format: ObjectFormat, offsetDeltas: boolean): Buffer {
  using repository = new Repository(format);
  const entries = [...FILES].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const names = entries.map(([name, content]) => ({
    mode: "100644",
    name,
    id: repository.write("blob", content),
  }));
  const commit = repository.writeCommit(repository.writeTree(names));
  return assembleImage({ commit, ...repository.pack(commit, { offsetDeltas }) });
}

const IMAGES = FORMATS.flatMap((format) =>
  [true, false].map((offsetDeltas) => ({ name: format.name, image: imageOf(format, offsetDeltas) })),
);

const HASHES = { sha1: PlainSha1, sha256: PlainSha256 };

/** Pako, and hashes of another make than Node's; notes what is made. */
function otherPlatform() {
  const made = { inflaters: 0, hashes: 0, names: new Set<string>() };
  const platform: Platform = {
    createInflater() {
      made.inflaters++;
      return new PakoInflater();
    },
    createHash(name) {
      made.hashes++;
      made.names.add(name);
      return new HASHES[name]();
    },
  };
  return { platform, made };
}

for (const [name, PlainHash] of Object.entries(HASHES)) {
  test(`the ${name} of another make is Node's`, (t) => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
      const bytes = Buffer.alloc(length, "bytes");
      const hash = new PlainHash().update(bytes.subarray(0, 9)).copy().update(bytes.subarray(9));
      t.deepEqual(Buffer.from(hash.digest()), createHash(name).update(bytes).digest());
    }
  });
}

for (const [name, options] of [
  ["with the IDX", {}],
  ["with the IDX rebuilt", { analyze: true }],
  ["with all paths mapped", { layout: "fast" }],
] as const) {
  test(`a store with another inflater and another hash reads all, ${name}`, async (t) => {
    for (const { name, image } of IMAGES) {
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
      t.deepEqual([...made.names], [name]);
      store.close();
    }
  });
}

test("what a store reads is verified by the hash of its platform", (t) => {
  const other = otherPlatform().platform;
  const platforms: Record<string, Platform> = {
    "another hash": { ...other, createHash: (name) => new HASHES[name]().update("another hash") },
    "wrong hashes": { ...other, hash: (name) => "\xab".repeat(ID_LENGTHS[name]) },
    "short hashes": { ...other, hash: () => "" },
    "the hash of the other format": {
      ...other,
      hash: (name, bytes) =>
        createHash(name === "sha1" ? "sha256" : "sha1")
          .update(bytes)
          .digest("latin1"),
    },
    "the start of a longer hash": {
      ...other,
      hash: (name, bytes) => createHash("sha512").update(bytes).digest("latin1").slice(0, ID_LENGTHS[name]),
    },
  };
  for (const [what, platform] of Object.entries(platforms)) {
    for (const { image } of IMAGES) {
      refused(t, "object-id", () => connect(memoryDevice(image), { platform }), what);
    }
  }
});

test("a platform's hash at once is asked for that of the image, beside its hash by pieces", (t) => {
  for (const { name, image } of IMAGES) {
    const asked = new Set<string>();
    const hash: Platform["hash"] = (algorithm, bytes) => {
      asked.add(algorithm);
      return createHash(algorithm).update(bytes).digest("latin1");
    };
    const { platform, made } = otherPlatform();
    const store = connect(memoryDevice(image), { platform: { ...platform, hash }, analyze: true });
    for (const [key, content] of FILES) t.true(content.equals(store.get(key)), key);
    t.deepEqual([[...asked], [...made.names]], [[name], [name]]);
    t.is(store.hash, name);
  }
});

test("what a store reads is inflated by the inflater of its platform, unless pako is asked for", (t) => {
  const platform: Platform = {
    ...otherPlatform().platform,
    createInflater() {
      throw new DocteurError("NO_NODE", "there is none");
    },
  };
  const { image } = IMAGES.at(-1)!;
  refused(t, "NO_NODE", () => connect(memoryDevice(image), { platform }));
  refused(t, "NO_NODE", () => connect(memoryDevice(image), { platform, inflate: "zlib" }));
  const store = connect(memoryDevice(image), { platform, inflate: "pako" });
  t.true(FILES.get("text-3")!.equals(store.get("text-3")));
});

for (const { name, image } of [IMAGES[0]!, IMAGES[3]!]) {
  test(`${name}: the threads of a platform get the options without it; without threads it has none`, async (t) => {
    const tasks: [number, ThreadTask][] = [];
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
}
