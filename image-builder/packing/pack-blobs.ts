import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { DocteurError } from "../../reader/errors.ts";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { raw } from "../../reader/git/object-id.ts";
import { encodeEntryHeader, encodePackHeader, FIRST_ENTRY } from "../../reader/pack/format.ts";
import { encodeIdx } from "../../reader/pack/idx-encode.ts";
import type { IdxEntry } from "../../reader/pack/idx-format.ts";
import { EventLoopYield } from "../event-loop.ts";
import { git } from "../source/git.ts";
import type { Effort } from "./compression.ts";
import { deltify, type Search } from "./deltify.ts";
import { incomplete, type PackFiles } from "./pack-objects.ts";
import type { Part } from "./part-packer.ts";
import { objectsOf, sourceObjects } from "./source-objects.ts";

export interface PackBlobsOptions {
  readonly format: ObjectFormat;
  readonly folder: string;
  readonly effort: Effort;
  readonly search: Search;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of objects for which a base was sought. */
  readonly onSearched?: ((done: number) => void) | undefined;
}

/**
 * Packs the blobs of a part as `packObjects` does, but with a search of its own. Git makes no delta of more
 * than half the size of its object, less 20 bytes, which small files hardly have, and compares only
 * neighbours; it makes deltas whose streams are larger than that of the object. The blobs are in memory, and
 * so is the PACK.
 * @throws {DocteurError} `INCOMPLETE_REPOSITORY`; what `fs` throws; the signal's reason when aborted.
 */
export async function packBlobs(
  gitDir: string,
  { count, idAt, nameAt, objects }: Part,
  { format, folder, effort, search, signal, onSearched }: PackBlobsOptions,
): Promise<PackFiles> {
  const ids = Array.from({ length: count }, (_, position) => idAt(position));
  const own = objects ?? (await objectsOf(gitDir, signal));
  const contents = await readObjects(gitDir, sourceObjects(own, folder), ids, signal);
  const eventLoop = new EventLoopYield(signal);
  const pieces: Uint8Array[] = [encodePackHeader(count)];
  const index: IdxEntry[] = [];
  let end = FIRST_ENTRY;
  // The base of a delta is one of those before it.
  for (const { base, size, stream } of deltify(contents, nameAt, effort, search)) {
    const header = encodeEntryHeader(
      base === undefined
        ? { kind: "blob", size }
        : { offset: end, baseOffset: (index[base] as IdxEntry).offset, size },
    );
    // A copy: zlib's result may be a part of a larger buffer.
    pieces.push(Buffer.concat([header, stream]));
    const id = raw(ids[index.length] as string);
    index.push({ id, offset: end, crc: crc32(stream, crc32(header)) });
    end += header.length + stream.length;
    if (!eventLoop.isDue) continue;
    onSearched?.(index.length);
    await eventLoop.yield();
  }
  const hash = format.createHash();
  for (const piece of pieces) hash.update(piece);
  const trailer = hash.digest();
  index.sort((a, b) => Buffer.compare(a.id, b.id));
  const files = { pack: join(folder, "blobs.pack"), idx: join(folder, "blobs.idx") };
  await writeFile(files.pack, [...pieces, trailer], { flag: "wx" });
  await writeFile(files.idx, encodeIdx(index, trailer, format), { flag: "wx" });
  return files;
}

/** The contents of blobs, in their order. */
async function readObjects(
  gitDir: string,
  env: Readonly<Record<string, string>>,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const input = ids.map((id) => `${id}\n`).join("");
  const chunks: Uint8Array[] = [];
  const onOutput = (chunk: Uint8Array) => void chunks.push(chunk);
  const run = { gitDir, env, input, signal, onOutput };
  await git(["cat-file", "--batch", "--buffer"], run).catch((error) => {
    throw incomplete(error);
  });
  const bytes = Buffer.concat(chunks.splice(0));
  let at = 0;
  return ids.map((id) => {
    // `ID SP TYPE SP SIZE LF`, the content, LF
    const line = bytes.indexOf("\n", at);
    const [, kind, size] = bytes.toString("latin1", at, line).split(" ");
    if (kind !== "blob") throw incomplete(new DocteurError("GIT_FAILED", `unable to read ${id}`));
    const start = line + 1;
    at = start + Number(size) + 1;
    return bytes.subarray(start, at - 1);
  });
}
