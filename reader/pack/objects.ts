import type { Bounds } from "../bounds.ts";
import { DocteurError, InvalidImageError } from "../errors.ts";
import { type ObjectKind, objectHash } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { hex, sameId } from "../git/object-id.ts";
import { type BlobReader, LoadedBlob, StreamedBlob } from "./blob-reader.ts";
import type { EntryDescription } from "./chain-descriptions.ts";
import { CompressedBlob } from "./compressed-blob.ts";
import { DeltaBlob } from "./delta-blob.ts";
import type { ObjectIndex } from "./object-index.ts";
import { FreshBuffer, type ObjectBuffer } from "./output-buffer.ts";
import type { Pack } from "./pack.ts";
import { VerifiedStream } from "./verified-stream.ts";
import { grantFor, type Work } from "./work.ts";

/** Bytes of a blob that is not worth a window. */
const LARGEST_WHOLE = 1024 * 1024;

/**
 * Bytes of a commit or tree. What is parsed takes many times its size; a tree of this size has a million
 * entries.
 */
const LARGEST_PARSED = 64 * 1024 * 1024;

/** Memory for a commit or tree. */
class ParsedBuffer extends FreshBuffer {
  override reserve(size: number): void {
    if (size > LARGEST_PARSED) {
      const what = `a commit or tree has ${size} bytes; at most ${LARGEST_PARSED} are read`;
      throw new DocteurError("OBJECT_TOO_LARGE", what);
    }
    super.reserve(size);
  }
}

/**
 * Objects by their id. Every content is hashed and compared with its id before it is returned; see `open` for
 * the exception.
 */
export class Objects {
  readonly #index: ObjectIndex;
  readonly #pack: Pack;
  readonly #format: ObjectFormat;

  constructor(index: ObjectIndex, pack: Pack) {
    this.#index = index;
    this.#pack = pack;
    this.#format = pack.format;
  }

  /** How many there are. */
  get count(): number {
    return this.#index.count;
  }

  /** What reading may cost. */
  get bounds(): Bounds {
    return this.#pack.bounds;
  }

  /** What reading has cost so far. */
  get work(): Work {
    return this.#pack.work;
  }

  /** The offset in the PACK of the object with this raw id; undefined if the PACK lacks it. */
  offsetOf(id: Uint8Array): number | undefined {
    return this.#index.find(id);
  }

  /**
   * The content of the object with this raw id, in memory of its own.
   *
   * @param buffer is used instead of that memory.
   * @throws {InvalidImageError} faults `object-missing`, `object-kind`, `object-id`, and those of
   * `Pack.read`.
   * @throws {DocteurError} `OBJECT_TOO_LARGE`.
   */
  read(id: Uint8Array, kind: ObjectKind, buffer?: ObjectBuffer): Uint8Array {
    const into = buffer ?? (kind === "blob" ? new FreshBuffer() : new ParsedBuffer());
    this.readInto(into, id, 0, kind);
    return into.bytes;
  }

  /**
   * Reads an object into a buffer.
   *
   * @param into must hold one byte more than the object has.
   * @param ids hold its raw id from `start` on.
   * @throws as `read`, and what the buffer throws.
   */
  readInto(into: ObjectBuffer, ids: Uint8Array, start: number, kind: ObjectKind): void {
    const pack = this.#pack;
    const offset = this.#index.find(ids, start);
    if (offset === undefined) throw missing(this.#idAt(ids, start));
    try {
      pack.read(offset, into);
    } catch (error) {
      throw named(this.#idAt(ids, start), error);
    }
    if (kind === "blob") pack.work.grant(grantFor(into.size));
    if (into.kind !== kind) throw wrongKind(this.#idAt(ids, start), kind, into);
    if (!hasId(into.id(this.#format), ids, start, this.#format.idLength))
      throw idMismatch(this.#idAt(ids, start));
  }

  /**
   * Up to `length` bytes from `offset` on of the blob with this raw id. An undeltified one passes through a
   * window: all of it is hashed, only the part is kept.
   * @throws {InvalidImageError} as `read`.
   */
  readPart(id: Uint8Array, offset: number, length: number): Uint8Array {
    const entry = this.#offset(id);
    const header = this.#named(id, () => this.#pack.entries.header(entry));
    if (header.kind !== "blob") return this.read(id, "blob").slice(offset, offset + length);

    const size = Math.max(0, Math.min(length, header.size - offset));
    this.#pack.checkSize(size, header);
    const part = Buffer.alloc(size);
    const hash = objectHash("blob", header.size, this.#format);
    let position = 0;
    this.#named(id, () =>
      this.#pack.entries.inflatePieces(header, (piece) => {
        hash.update(piece);
        const start = Math.max(0, offset - position);
        const end = offset + part.length - position;
        if (start < end) part.set(piece.subarray(start, end), position + start - offset);
        position += piece.length;
        return true;
      }),
    );
    if (!sameId(hash.digest(), id)) throw idMismatch(id);
    return part;
  }

  /**
   * A reader of the blob with this raw id, for reading from any position. A large undeltified one passes
   * through a window, and so does one that is a delta and too large for memory. Any other that is a delta is
   * made when it is first read or verified; any other at all is read here and verified. Close it.
   * @throws {InvalidImageError} as `read`.
   */
  open(id: Uint8Array): BlobReader {
    const entry = this.#offset(id);
    const header = this.#named(id, () => this.#pack.entries.header(entry));
    if (header.kind === undefined) {
      const { size } = this.describe(id, "blob");
      const stream = this.#named(id, () => this.#pack.openStream(entry));
      return stream === undefined
        ? new DeltaBlob(id, size, this.#pack, entry)
        : new StreamedBlob(id, size, stream, this.#format);
    }
    return header.kind === "blob" && header.size > LARGEST_WHOLE
      ? new StreamedBlob(id, header.size, this.#pack.entries.stream(header), this.#format)
      : new LoadedBlob(this.read(id, "blob"));
  }

  /**
   * The blob with this raw id as a stream whose every byte is verified; undefined if it is not worth a
   * window, or is a delta that fits in memory. Close it.
   * @throws {InvalidImageError} as `read`.
   */
  openVerified(id: Uint8Array): VerifiedStream | undefined {
    const entry = this.#offset(id);
    const header = this.#named(id, () => this.#pack.entries.header(entry));
    if (header.kind === undefined) {
      const { size } = this.describe(id, "blob");
      const stream = this.#named(id, () => this.#pack.openStream(entry));
      return stream && new VerifiedStream(id, size, stream, this.#format);
    }
    return header.kind === "blob" && header.size > LARGEST_WHOLE
      ? new VerifiedStream(id, header.size, this.#pack.entries.stream(header), this.#format)
      : undefined;
  }

  /**
   * The zlib stream of the blob with this raw id; undefined if it is stored as a delta. Close it.
   *
   * @param length bytes of the stream, if the blob was verified before.
   * @throws {InvalidImageError} as `read`.
   */
  openCompressed(id: Uint8Array, length?: number): CompressedBlob | undefined {
    const entry = this.#offset(id);
    const header = this.#named(id, () => this.#pack.entries.header(entry));
    if (header.kind !== "blob") return undefined;
    const open = () => this.#pack.entries.stream(header);
    const read = (position: number, wanted: number) => this.#pack.entries.raw(header, position, wanted);
    return new CompressedBlob(Uint8Array.from(id), header.size, open, read, length, this.#format);
  }

  /**
   * Kind and size of the object with this raw id, from headers alone: nothing is hashed, so neither is
   * verified.
   * @throws {InvalidImageError} as `read`.
   */
  describe(id: Uint8Array, kind: ObjectKind): EntryDescription {
    const offset = this.#offset(id);
    const description = this.#named(id, () => this.#pack.describe(offset));
    if (description.kind !== kind) throw wrongKind(id, kind, description);
    return description;
  }

  #idAt(ids: Uint8Array, start: number): Uint8Array {
    return ids.subarray(start, start + this.#format.idLength);
  }

  #offset(id: Uint8Array): number {
    const offset = this.#index.find(id);
    if (offset === undefined) throw missing(id);
    return offset;
  }

  #named<Result>(id: Uint8Array, read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw named(id, error);
    }
  }
}

/** Whether `ids` hold from `start` on the id of `length` bytes that are these characters, and no fewer. */
function hasId(characters: string, ids: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (characters.charCodeAt(i) !== ids[start + i]) return false;
  return true;
}

/** Faults found below know an offset only; here the object is known too. */
function named(id: Uint8Array, error: unknown): unknown {
  return error instanceof InvalidImageError && error.object === undefined ? error.withObject(hex(id)) : error;
}

function missing(id: Uint8Array): InvalidImageError {
  return new InvalidImageError("object-missing", "the PACK lacks an object", { object: hex(id) });
}

function idMismatch(id: Uint8Array): InvalidImageError {
  return new InvalidImageError("object-id", "the content does not match its id", { object: hex(id) });
}

function wrongKind(
  id: Uint8Array,
  wanted: ObjectKind,
  got: { readonly kind: ObjectKind },
): InvalidImageError {
  return new InvalidImageError("object-kind", `a ${wanted} is expected, this is a ${got.kind}`, {
    object: hex(id),
  });
}
