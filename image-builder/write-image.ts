import { mkdir, rm } from "node:fs/promises";
import type { ReadCommit } from "./check-readable.ts";
import type { ImageFile, ImageShape } from "./image.ts";
import type { MakeOptions } from "./make-options.ts";
import type { Source } from "./open-source.ts";
import { packSource } from "./pack-source.ts";

/** What `writeImage` has written, and read back. */
export interface WrittenImage extends ReadCommit {
  readonly shape: ImageShape;
  /** For the user, one line each. */
  readonly packNotes: readonly string[];
}

export interface WriteImageOptions {
  /** The folder that PACK and IDX are written to; it must not exist. */
  readonly packs: string;
  /** The source, for messages. */
  readonly where: string;
  /** Bytes; see `checkBlockSize`. */
  readonly blockSize: number;
}

/**
 * Packs the commit of a source, reads it back with the reader's own code, and writes it to an image, which is
 * not yet published. Packs it once more without the repository's deltas if one of them is too large for
 * `serve` to read into memory.
 * @throws {DocteurError} as `packSource`, `checkReadable` and `ImageFile.write` do.
 */
export async function writeImage(
  source: Source,
  image: ImageFile,
  options: MakeOptions,
  target: WriteImageOptions,
): Promise<WrittenImage> {
  const written = await packAndWrite(source, image, options, target, true);
  if (!written.hasLargeDelta) return written;
  await rm(target.packs, { recursive: true });
  return await packAndWrite(source, image, options, target, false);
}

async function packAndWrite(
  source: Source,
  image: ImageFile,
  options: MakeOptions,
  { packs, where, blockSize }: WriteImageOptions,
  reuseDeltas: boolean,
): Promise<WrittenImage> {
  const { onProgress, signal } = options;
  const { commit } = source;
  // The reader is loaded while git packs.
  const loading = import("./check-readable.ts");
  await mkdir(packs);
  const packing = packSource(source, packs, options, reuseDeltas);
  const checking = packing.then(async ({ files }) => {
    const { checkReadable } = await loading;
    return await checkReadable(files, commit, where, signal);
  });
  const writing = packing.then(({ files }) =>
    image.write({ ...files, commit, blockSize }, onProgress, signal),
  );
  // Both must have settled before the temporary folder is removed. If packing fails, both reject with its
  // error.
  await Promise.allSettled([checking, writing]);
  return { ...(await checking), shape: await writing, packNotes: (await packing).notes };
}
