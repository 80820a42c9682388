import { type FileHandle, mkdir, rm } from "node:fs/promises";
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
  /** The folder for the PACKs that the image's is made of, and for its IDX; it must not exist. */
  readonly packs: string;
  /** The source, for messages. */
  readonly where: string;
  /** Bytes; see `checkBlockSize`. */
  readonly blockSize: number;
}

/**
 * Packs the commit of a source, writes it to an image, which is not yet published, and reads it back from
 * there with the reader's own code. Packs it once more without the repository's deltas if one of them is too large for
 * `serve` to read into memory.
 * @throws {DocteurError} as `packSource`, `checkReadable` and the methods of `ImageFile` do.
 */
export async function writeImage(
  source: Source,
  image: ImageFile,
  options: MakeOptions,
  target: WriteImageOptions,
): Promise<WrittenImage> {
  const written = await packAndWrite(source, image, options, target, true);
  // Of a folder there is none: files that large get no deltas.
  if (!written.hasLargeDelta || source.kind === "folder") return written;
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
  const { commit, format } = source;
  // The reader is loaded while git packs.
  const loading = Promise.all([
    import("./check-readable.ts"),
    import("./packing/arrange.ts"),
    import("./layout/image-layout.ts"),
  ]);
  await mkdir(packs);
  const { sources, notes } = await packSource(source, packs, options, reuseDeltas);
  const [{ checkReadable }, { arrange }, { writeImageLayout }] = await loading;
  await image.begin(format);
  const report = (done: number, total: number) =>
    onProgress?.({ phase: "write", unit: "bytes", done, total });
  const write = (bytes: Uint8Array, offset: number) => image.writePack(bytes, offset);
  const { packBytes, idx } = await arrange(
    sources,
    { format, commit, folder: packs, onProgress: report, signal },
    write,
  );
  const unfinished = { image: image.temporary, packBytes, idx, format };
  const read = await checkReadable(unfinished, commit, where, signal);
  const layoutNotes: string[] = [];
  const layout = async (file: FileHandle, start: number) => {
    const { end, why } = await writeImageLayout(file, start, unfinished, { commit, blockSize, signal });
    if (why !== undefined) layoutNotes.push(`the image has no layout, so reading takes longer: ${why}`);
    return end;
  };
  const sections = options.withoutLayout ? undefined : layout;
  const shape = await image.complete({ commit, blockSize, packBytes, idx, sections }, onProgress, signal);
  return { ...read, shape, packNotes: [...notes, ...layoutNotes] };
}
