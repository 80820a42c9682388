import { createHash } from "node:crypto";
import { type FileHandle, open, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openFileDevice } from "../../reader/block/file.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { ID_LENGTH } from "../../reader/git/object-id.ts";
import { encodePackHeader, FIRST_ENTRY } from "../../reader/pack/format.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { encodeIdx } from "../../reader/pack/idx-encode.ts";
import type { IdxEntry } from "../../reader/pack/idx-format.ts";
import type { PackFiles } from "./pack-objects.ts";

/** Bytes copied at a time. */
const CHUNK = 1024 * 1024;

/**
 * Merges several PACKs and IDXs into one of each in `folder`, and deletes them: it copies their entries one
 * after the other. No entry changes, since a delta names its base by the distance to it. No object may be in
 * two of them, and no delta may name its base by its id.
 * @throws {Error} what `fs` throws; the signal's reason when aborted.
 */
export async function mergePacks(
  packs: readonly PackFiles[],
  folder: string,
  signal?: AbortSignal,
): Promise<PackFiles> {
  const [first] = packs;
  if (first !== undefined && packs.length === 1) return first;
  const merged = { pack: join(folder, "merged.pack"), idx: join(folder, "merged.idx") };
  await using file = await open(merged.pack, "wx");
  const hash = createHash("sha1");
  const append = async (bytes: Uint8Array) => {
    hash.update(bytes);
    await writeAll(file, bytes);
  };
  const indexes = await Promise.all(packs.map(readEntries));
  await append(encodePackHeader(indexes.reduce((objects, entries) => objects + entries.length, 0)));
  let end = FIRST_ENTRY;
  const all: IdxEntry[] = [];
  for (const [index, { pack, idx }] of packs.entries()) {
    const moved = end - FIRST_ENTRY;
    for (const { id, crc, offset } of indexes[index] as IdxEntry[]) {
      all.push({ id, crc, offset: offset + moved });
    }
    end += await copyEntries(pack, append, signal);
    await Promise.all([rm(pack), rm(idx)]);
  }
  const trailer = hash.digest();
  await writeAll(file, trailer);
  all.sort((a, b) => Buffer.compare(a.id, b.id));
  await writeFile(merged.idx, encodeIdx(all, trailer), { flag: "wx" });
  return merged;
}

/**
 * The entries of a PACK by its IDX, in the order of their ids.
 * @throws {InvalidImageError} if the file is no IDX, or one of another PACK.
 */
async function readEntries({ pack, idx }: PackFiles): Promise<IdxEntry[]> {
  const { size } = await stat(pack);
  const device = openFileDevice(idx);
  try {
    return [...new Idx(new SectorCache(device), 0, size).entries()];
  } finally {
    device.close();
  }
}

/** Copies the entries of a PACK. @returns the number of their bytes. */
async function copyEntries(
  path: string,
  append: (bytes: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<number> {
  await using pack = await open(path);
  const end = (await pack.stat()).size - ID_LENGTH;
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = FIRST_ENTRY; at < end; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await pack.read(buffer, 0, Math.min(CHUNK, end - at), at);
    if (bytesRead === 0) throw new Error(`${path} became shorter`);
    await append(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return end - FIRST_ENTRY;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
