import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openFileDevice } from "../../../reader/block/file.ts";
import { DocteurError } from "../../../reader/errors.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { headerSize } from "../../../reader/image/header.ts";
import { SHA1, SHA256 } from "../../../reader/node-platform.ts";
import { connect } from "../../../reader/store/connect.ts";
import { assembleImage } from "../image-fixture.ts";
import { Repository } from "../repository.ts";

const folder = mkdtempSync(join(tmpdir(), "docteur-test-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers from 0 on below 2^32 that are always the same. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

const next = random(16);

/** Families of files that are alike, of unlike sizes, and some large ones that are like no other. */
const files = Array.from({ length: 900 }, (_, i) => {
  const family = i % 30;
  const lines = Array.from(
    { length: 40 + family * 12 },
    (_, line) => `family ${family} line ${line * family}`,
  );
  for (let change = 0; change < 4; change++) lines[next() % lines.length] = `file ${i} ${next()}`;
  return lines.join("\n");
});
const large = [0.9, 1.1, 1.6, 5, 9].map((mib) => {
  const bytes = Buffer.alloc(mib * 1024 * 1024);
  for (let at = 0; at + 4 <= bytes.length; at += 64) bytes.writeUInt32LE(next(), at);
  return bytes;
});
/** A repository of these files, in one folder, and what git says of them. */
function written(format: ObjectFormat) {
  const repository = new Repository(format);
  test.after.always(() => repository[Symbol.dispose]());
  const ids = [...files, ...large].map((content) => repository.write("blob", content));
  const commit = repository.writeCommit(
    repository.writeTree(ids.map((id, i) => ({ mode: "100644", name: `f${100_000 + i}`, id }))),
  );
  return { repository, commit, expected: repository.contents(ids), order: inAnyOrder(ids) };
}

/** Ids three times in an order of chance, now and then the same one several times in a row. */
function inAnyOrder(ids: readonly string[]): string[] {
  return Array.from({ length: ids.length * 3 }, () => ids[next() % ids.length]!).flatMap((id) =>
    next() % 50 === 0 ? [id, id, id] : [id],
  );
}

const WRITTEN = { sha1: written(SHA1), sha256: written(SHA256) };

for (const [depth, offsetDeltas, hash] of [
  [2, true, "sha1"],
  [50, true, "sha256"],
  [50, false, "sha1"],
  [50, false, "sha256"],
] as const) {
  const { repository, commit, expected, order } = WRITTEN[hash];
  const { pack, idx, idxPath } = repository.pack(commit, { depth, offsetDeltas, window: 20 });
  const kind = `${offsetDeltas ? "offsets" : "ids"} (${hash})`;

  for (const [threads, options] of [
    [1, {}],
    [2, {}],
    [3, { baseCacheSize: 50_000, sectorCacheSize: 16_384 }],
  ] as const) {
    test(`in any order, chains of ${depth}, bases by ${kind}, ${threads} threads: as git reads them`, async (t) => {
      const path = join(folder, `${depth}-${kind}-${threads}`);
      writeFileSync(path, assembleImage({ commit, pack, idx }));
      const store = connect(openFileDevice(path), { ...options, threads });
      t.teardown(() => store.close());
      let count = 0;
      for await (const { id, value } of store.getAllById(order)) {
        t.is(id, order[count++]!);
        if (!(value instanceof Uint8Array && expected.get(id)?.equals(value))) t.fail(`${id}: ${value}`);
      }
      t.is(count, order.length);
    });
  }

  test(`chains of ${depth}, bases by ${kind}: damage is an error of what is built on it, and of nothing else`, async (t) => {
    const image = assembleImage({ commit, pack, idx });
    /** git's list of the entries: id, kind, size, bytes in the PACK, offset, depth and base of a delta. */
    const entries = repository
      .git(["verify-pack", "-v", idxPath])
      .toString()
      .split("\n")
      .map((line) => line.split(/ +/))
      .filter(([, kind]) => kind === "blob");
    const basesOf = new Map(entries.map(([id, , , , , , base]) => [id!, base]));
    const isBase = new Set(basesOf.values());
    const damaged = new Set<string>();
    for (const [i, [id = "", , , stored, offset]] of entries.entries()) {
      if (!isBase.has(id) || i % 7 !== 0) continue;
      // In the checksum of its zlib stream.
      image[headerSize(repository.format.idLength) + Number(offset) + Number(stored) - 1]! ^= 0xff;
      damaged.add(id);
    }
    t.true(damaged.size > 0);
    const isDamaged = (id: string | undefined): boolean =>
      id !== undefined && (damaged.has(id) || isDamaged(basesOf.get(id)));
    const path = join(folder, `damaged-${depth}-${kind}`);
    writeFileSync(path, image);
    for (const threads of [1, 2]) {
      const store = connect(openFileDevice(path), { threads });
      t.teardown(() => store.close());
      let errors = 0;
      for await (const { id, value } of store.getAllById(order)) {
        if (value instanceof DocteurError) {
          errors++;
          t.is(value.code, "INVALID_IMAGE");
        } else if (!expected.get(id)?.equals(value)) t.fail(id);
        t.is(value instanceof DocteurError, isDamaged(id), id);
      }
      t.true(errors > damaged.size && errors < order.length);
    }
  });
}
