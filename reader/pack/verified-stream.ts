import { InvalidImageError } from "../errors.ts";
import { objectHash } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { hex, sameId } from "../git/object-id.ts";
import type { PieceStream } from "./piece-stream.ts";

/** Bytes of a window. */
const WINDOW = 1024 * 1024;

/**
 * A blob of any size, in the memory of a window; every byte that it returns is verified. A first
 * pass compares all of the blob with its id, and notes the checksum of what comes before the end of each
 * window. A second pass returns a window if what it has read up to there has the same checksum: where a
 * device reads other bytes the second time, it fails first.
 */
export class VerifiedStream {
  /** Bytes of the blob. */
  readonly size: number;
  readonly #id: Uint8Array;
  readonly #stream: PieceStream;
  readonly #format: ObjectFormat;
  readonly #window = Buffer.allocUnsafeSlow(WINDOW);
  /** The checksum of what comes before the end of each window, one after the other. */
  readonly #sums: Buffer;
  #hash: ReturnType<typeof objectHash>;
  /** Bytes gone through in this pass. */
  #position = 0;
  #verified = false;
  /** The rest of the piece that was inflated last. */
  #rest: Uint8Array = new Uint8Array();

  /**
   * @param id raw id of the blob.
   * @param size as its entry claims it.
   */
  constructor(id: Uint8Array, size: number, stream: PieceStream, format: ObjectFormat) {
    this.#format = format;
    this.#id = Uint8Array.from(id);
    this.size = size;
    this.#stream = stream;
    this.#sums = Buffer.alloc(Math.ceil(size / WINDOW) * format.idLength);
    this.#hash = objectHash("blob", size, format);
  }

  /**
   * Goes on with the first pass.
   * @param limit bytes to go through at most, rounded up to a window.
   * @returns whether it has come to its end.
   * @throws {InvalidImageError} if the content is damaged or does not match the id.
   */
  verify(limit: number): boolean {
    for (let done = 0; !this.#verified && done < limit; done += WINDOW) this.#named(() => this.#firstPass());
    return this.#verified;
  }

  /**
   * The next window, good until the next call; undefined after the last. All must have been verified.
   * @throws {InvalidImageError} if it is not what it was in the first pass.
   */
  next(): Uint8Array | undefined {
    if (!this.#verified) throw new Error("a window is wanted before the blob is verified");
    if (this.#position === this.size) return undefined;
    return this.#named(() => {
      const sum = this.#sum();
      const length = this.#fill();
      if (!sameId(this.#hash.copy().digest(), sum)) throw idMismatch();
      return this.#window.subarray(0, length);
    });
  }

  /** Frees the memory. */
  close(): void {
    this.#stream.close();
  }

  #firstPass(): void {
    const sum = this.#sum();
    this.#fill();
    if (this.#position < this.size) {
      sum.set(this.#hash.copy().digest());
      return;
    }
    const digest = this.#hash.digest();
    if (!sameId(digest, this.#id)) throw idMismatch();
    if (this.size > 0) sum.set(digest);
    this.#stream.restart();
    this.#hash = objectHash("blob", this.size, this.#format);
    this.#position = 0;
    this.#rest = new Uint8Array();
    this.#verified = true;
  }

  /** The checksum of what comes before the end of the next window, a view. */
  #sum(): Uint8Array {
    const { idLength } = this.#format;
    const start = (this.#position / WINDOW) * idLength;
    return this.#sums.subarray(start, start + idLength);
  }

  /** Fills the window, takes it into the hash, and returns its length. */
  #fill(): number {
    const length = Math.min(WINDOW, this.size - this.#position);
    for (let filled = 0; filled < length; ) {
      // The stream refuses one that is shorter than its entry claims, or longer.
      if (this.#rest.length === 0) this.#rest = this.#stream.next() as Uint8Array;
      const part = this.#rest.subarray(0, length - filled);
      this.#window.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    this.#position += length;
    this.#hash.update(this.#window.subarray(0, length));
    return length;
  }

  #named<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw error instanceof InvalidImageError ? error.withObject(hex(this.#id)) : error;
    }
  }
}

function idMismatch(): InvalidImageError {
  return new InvalidImageError("object-id", "the content does not match its id");
}
