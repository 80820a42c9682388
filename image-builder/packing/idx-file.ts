import { closeSync, openSync, writeSync } from "node:fs";
import { type IdxSource, idxPieces } from "../../reader/pack/idx-encode.ts";

/** Writes an IDX to a new file. @throws what `fs` throws. */
export function writeIdxFile(path: string, source: IdxSource): void {
  const fd = openSync(path, "wx");
  try {
    for (const piece of idxPieces(source)) {
      for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
    }
  } finally {
    closeSync(fd);
  }
}
