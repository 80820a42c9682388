import { createHash } from "node:crypto";

/** Hexadecimal digits of the digests that clients must know (OCI image specification, "Digests"). */
const DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** Bytes hashed at a time. */
const PIECE = 1024 * 1024;

/** Whether a text is a digest that can be verified. */
export function isDigest(text: unknown): text is string {
  if (typeof text !== "string") return false;
  const [, algorithm = "", digits = ""] = /^(sha256|sha512):([0-9a-f]+)$/.exec(text) ?? [];
  return digits.length === DIGITS[algorithm];
}

/** Hashes bytes as they come. @param like a digest of the algorithm to hash by. Default: SHA-256. */
export class Digester {
  readonly #algorithm: string;
  readonly #hash: ReturnType<typeof createHash>;

  constructor(like = "sha256:") {
    this.#algorithm = like.slice(0, like.indexOf(":"));
    this.#hash = createHash(this.#algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The digest of all bytes. To be called once. */
  digest(): string {
    return `${this.#algorithm}:${this.#hash.digest("hex")}`;
  }
}

/** The digest of bytes. @param like as `Digester`. */
export function digestOf(bytes: Uint8Array, like?: string): string {
  const digester = new Digester(like);
  digester.update(bytes);
  return digester.digest();
}

/**
 * The digest of what is read piece by piece.
 * @param like as `Digester`. @throws what `read` throws; the signal's reason.
 */
export async function digestOfContent(
  content: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> },
  options: {
    readonly like?: string;
    readonly signal?: AbortSignal | undefined;
    /** Called with the bytes that are hashed. */
    readonly onProgress?: (done: number) => void;
  },
): Promise<string> {
  const digester = new Digester(options.like);
  const { size } = content;
  for (let done = 0; done < size; ) {
    options.signal?.throwIfAborted();
    const piece = await content.read(done, Math.min(PIECE, size - done));
    digester.update(piece);
    done += piece.length;
    options.onProgress?.(done);
  }
  return digester.digest();
}
