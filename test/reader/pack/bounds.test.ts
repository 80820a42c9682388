import { deflateSync } from "node:zlib";
import test from "ava";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { MAX_CHAIN } from "../../../reader/bounds.ts";
import { refused } from "../fault.ts";
import { assembleImage } from "../image-fixture.ts";
import {
  copy,
  delta,
  insert,
  type MadeEntry,
  makeImage,
  ofsDelta,
  open,
  refDelta,
  whole,
} from "../pack-fixture.ts";
import { Repository } from "../repository.ts";

const MIB = 2 ** 20;

/** Deltas one upon the other, each of which copies all of it and ends in a number of its own. */
function chain(base: MadeEntry, depth: number, link = ofsDelta): MadeEntry[] {
  const { length } = base.data;
  const entries = [base];
  for (let i = 0; i < depth; i++) {
    const own = Buffer.alloc(4);
    own.writeUInt32BE(i);
    const content = Buffer.concat([base.data.subarray(0, length - 4), own]);
    const made = delta(length, length, copy(0, length - 4), insert(own));
    entries.push(link(entries.at(-1)!.id, made, content));
  }
  return entries;
}

for (const [name, link] of [
  ["OFS_DELTA", ofsDelta],
  ["REF_DELTA", refDelta],
] as const) {
  test(`a chain of ${MAX_CHAIN} ${name} is read, and no longer one`, (t) => {
    const entries = chain(whole("blob", "the base"), MAX_CHAIN + 1, link);
    const [beyond, longest] = [entries.pop()!, entries.at(-1)!];
    const image = makeImage({ longest }, entries.slice(0, -1));
    t.is(open(image).get("longest").length, 8);
    t.is(open(image).size("longest"), 8);
    t.is(verifyDevice(memoryDevice(image)).verification.longestChain, MAX_CHAIN);
    const longer = makeImage({ beyond }, entries);
    for (const options of [{}, { baseCacheSize: 0 }]) {
      const store = open(longer, options);
      refused(t, "pack-base", () => store.get("beyond"));
      // Its base is at hand now.
      refused(t, "pack-base", () => store.get("beyond"));
      refused(t, "pack-base", () => store.size("beyond"));
    }
    refused(t, "pack-base", () => open(longer, { analyze: true }));
    refused(t, "pack-base", () => verifyDevice(memoryDevice(longer)));
  });
}

test("every object of a long chain is described, in whatever order", (t) => {
  const entries = chain(whole("blob", "the base"), 1000);
  const names = Object.fromEntries(entries.map((entry, i) => [`f${String(i).padStart(4, "0")}`, entry]));
  const image = makeImage(names);
  for (const step of [1, 7, 999]) {
    const store = open(image);
    for (let i = 0; i < entries.length; i++) {
      const name = `f${String((i * step) % entries.length).padStart(4, "0")}`;
      t.is(store.size(name), 8);
      t.is(store.openCompressed(name) === undefined, name !== "f0000");
    }
  }
});

test("an object is refused that takes more work than its bound, wherever in its chain reading begins", (t) => {
  const entries = chain(whole("blob", Buffer.alloc(MIB)), 40);
  const middle = entries[10]!;
  const last = entries.at(-1)!;
  const image = makeImage({ last, middle }, entries);
  for (const options of [{}, { baseCacheSize: 0 }, { analyze: true }]) {
    const store = open(image, options);
    t.is(store.get("last").length, MIB);
    t.is(store.get("middle").length, MIB);
  }
  // 16 MiB of work: enough for ten of the deltas.
  for (const options of [{}, { baseCacheSize: 0 }]) {
    const store = open(image, { ...options, workFactor: 1 / 512 });
    refused(t, "TOO_MUCH_WORK", () => store.get("last"));
    t.is(store.get("middle").length, MIB);
    refused(t, "TOO_MUCH_WORK", () => store.get("last"));
    t.is(store.size("last"), MIB);
  }
});

test("instructions that do next to nothing are work, too", (t) => {
  const count = 200_000;
  const base = whole("blob", "x");
  const made = delta(1, count, Buffer.alloc(2 * count, Buffer.of(0x90, 1)));
  const image = makeImage({ a: ofsDelta(base.id, made, Buffer.alloc(count, "x")) }, [base]);
  t.is(open(image).get("a").length, count);
  refused(t, "TOO_MUCH_WORK", () => open(image, { workFactor: 1 / 512 }).get("a"));
});

test("memory is not taken for what a delta claims to be beyond the bound", (t) => {
  const base = whole("blob", Buffer.alloc(0x10000));
  // Each byte is an instruction that copies 64 KiB.
  const copies = Buffer.alloc(4000, 0x80);
  const made = delta(0x10000, 4000 * 0x10000, copies);
  const claims = { id: "ab".repeat(20), type: 6, data: made, base: base.id };
  const image = makeImage({ claims }, [base]);
  const before = process.memoryUsage().arrayBuffers;
  refused(t, "OBJECT_TOO_LARGE", () => open(image).get("claims"));
  refused(t, "OBJECT_TOO_LARGE", () => verifyDevice(memoryDevice(image)));
  t.true(process.memoryUsage().arrayBuffers - before < 50 * MIB);
  const huge = { ...whole("blob", ""), size: 300 * MIB, stream: deflateSync(Buffer.alloc(300 * MIB)) };
  const onHuge = { id: "cd".repeat(20), type: 6, data: delta(300 * MIB, 1, copy(0, 1)), base: huge.id };
  refused(t, "OBJECT_TOO_LARGE", () => open(makeImage({ onHuge }, [huge])).get("onHuge"));
});

test("many deltas over one base are refused by verify before they are made", (t) => {
  const base = whole("blob", Buffer.alloc(MIB));
  const claims = chain(base, 1, refDelta)[1]!;
  const wide = Array.from({ length: 30 }, (_, i) => ({ ...claims, id: id(i) }));
  const image = makeImage({ base }, wide);
  // 48 MiB of work; the objects that the deltas claim to make take 150 to be copied and hashed.
  refused(t, "TOO_MUCH_WORK", () => verifyDevice(memoryDevice(image), { workFactor: 1 / 512 }));
  refused(t, "TOO_MUCH_WORK", () => open(image, { analyze: true, workFactor: 1 / 512 }));
  t.is(open(image).get("base").length, MIB);
});

function id(number: number): string {
  return number.toString(16).padStart(40, "0");
}

test("all that a command reads is bounded by what it is given, and by the image", (t) => {
  // Of three chains no more than two bases are kept: each of the small objects takes a whole chain.
  const entries: MadeEntry[] = [];
  const small: Record<string, MadeEntry> = {};
  for (const letter of ["a", "b", "c"]) {
    const made = chain(whole("blob", Buffer.alloc(4 * MIB, letter)), 5);
    entries.push(...made);
    const base = made.at(-1)!;
    for (let i = 0; i < 4; i++) {
      const content = Buffer.from(letter.repeat(i + 1));
      small[`${i}${letter}`] = ofsDelta(base.id, delta(4 * MIB, i + 1, copy(0, i + 1)), content);
    }
  }
  const image = makeImage(small, entries);
  const read = (options: object) => {
    const store = open(image, options);
    for (const name of Object.keys(small).sort()) store.get(name);
  };
  const readAll = (options: object) => () => read({ workFactor: 1 / 96, ...options });
  t.notThrows(readAll({}));
  refused(t, "TOO_MUCH_WORK", readAll({ boundWork: true }));
  t.notThrows(readAll({ boundWork: true, workFactor: 1 }));
});

test("what git makes of many versions is far from every bound", (t) => {
  using repository = new Repository();
  let text = Array.from({ length: 4000 }, (_, line) => `${line}: ${Math.sqrt(line)}\n`);
  const files = Array.from({ length: 80 }, (_, version) => {
    text = text.map((line, i) => (i % 97 === version ? `${line.trim()} and ${version}\n` : line));
    const content = Buffer.from(text.join(""));
    return {
      mode: "100644",
      name: `v${String(version).padStart(3, "0")}`,
      content,
      id: repository.write("blob", content),
    };
  });
  const commit = repository.writeCommit(repository.writeTree(files));
  for (const depth of [50, 250]) {
    const { pack, idx } = repository.pack(commit, { depth, window: 80 });
    const image = assembleImage({ commit, pack, idx });
    const { verification } = verifyDevice(memoryDevice(image), { workFactor: 1 / 32 });
    t.true(verification.longestChain >= 8);
    t.true(verification.deltas >= 70);
    for (const options of [{}, { baseCacheSize: 100_000 }]) {
      const store = open(image, { ...options, boundWork: true, workFactor: 1 / 32 });
      for (let i = 0; i < 3 * files.length; i++) {
        const { name, content } = files[(i * 37) % files.length]!;
        t.true(content.equals(store.get(name)));
      }
    }
  }
});
