import type { Store } from "../../reader/store/store.ts";
import { type ArchiveEntry, entriesBelow, workOf } from "./archive-entries.ts";
import type { ArchiveFiles } from "./archive-files.ts";

/** An entry as it is in an archive. */
export interface ArchivedEntry {
  readonly before: Uint8Array;
  /** Its content. Iterates once. */
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly after: Uint8Array;
  /** Frees the memory of the content. */
  close(): void;
}

/** Writes the entries of one archive. */
export interface ArchiveWriter {
  /** What comes before the first entry. */
  readonly start: Uint8Array;
  /** An entry, its content verified. @param offset bytes of the archive before it. */
  entry(entry: ArchiveEntry, offset: number): Promise<ArchivedEntry>;
  /** What comes after the last entry. @param offset bytes of the archive before that. */
  end(offset: number): Iterable<Uint8Array>;
}

/** The work of writing an entry, its content aside, as so many bytes of one. */
const WORK_OF_WRITING = 4096;

/** Bytes that are worth a write. */
const BATCH_SIZE = 64 * 1024;

/**
 * An archive of a folder in pieces, each made when it is asked for. Others are served meanwhile.
 *
 * @param folder its path in the image.
 * @throws {InvalidImageError} where the image is damaged: what comes after is missing.
 * @throws {DocteurError} as `ArchiveFiles` does.
 */
export async function* archivePieces(
  store: Store,
  folder: Uint8Array,
  writer: ArchiveWriter,
  files: ArchiveFiles,
): AsyncGenerator<Uint8Array> {
  let batch: Uint8Array[] = [];
  let batchSize = 0;
  let size = 0;
  const add = (piece: Uint8Array) => {
    batch.push(piece);
    batchSize += piece.length;
    size += piece.length;
    return batchSize >= BATCH_SIZE;
  };
  const take = () => {
    const all = Buffer.concat(batch, batchSize);
    batch = [];
    batchSize = 0;
    return all;
  };
  add(writer.start);
  for (const entry of entriesBelow(store, folder)) {
    const { before, pieces, after, close } = await writer.entry(entry, size);
    try {
      add(before);
      for await (const piece of pieces) {
        if (add(piece)) yield take();
        await files.pause(piece.length);
      }
      if (add(after)) yield take();
    } finally {
      close();
    }
    await files.pause(WORK_OF_WRITING + workOf(entry));
  }
  for (const piece of writer.end(size)) {
    if (add(piece)) yield take();
    await files.pause(WORK_OF_WRITING);
  }
  yield take();
}
