import { InvalidImageError } from "../../reader/errors.ts";
import { decodeHeader, HEADER_BYTES } from "../../reader/image/header.ts";
import { SourceError } from "../../reader/source-error.ts";
import { Digester } from "../../remote/oci/digest.ts";
import { isOciSource, type OciSource } from "../../remote/oci/oci-source.ts";
import type { Source } from "../../remote/source.ts";
import { type Verification, verifyImage } from "../verify/index.ts";
import { orderedPieces } from "./ordered-pieces.ts";
import { PartialImage } from "./partial-image.ts";

export interface PullOptions {
  /** The path of the image. */
  readonly image: string;
  /** Whether the image's objects are verified; a registry's digest is in any case. Default true. */
  readonly verify?: boolean | undefined;
  /** Phase, and how much of it is done; verifying has no unit. */
  readonly onProgress?: ((phase: "fetch" | "verify", done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image that was pulled. Sizes in bytes. */
export interface Pulled {
  /** Its path. */
  readonly image: string;
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  readonly bytes: number;
  /** How much of it an earlier pull had left. */
  readonly resumed: number;
  /** The digest of the manifest, for an image from a registry. */
  readonly digest: string | undefined;
  readonly verified: boolean;
}

/**
 * Downloads an image into a file, which appears complete and verified, or not at all. What a download that was
 * interrupted has left beside it is gone on with, and is verified together with the rest; if that fails, the
 * download begins anew, once.
 *
 * @param source stays open.
 * @throws {InvalidImageError} it is no image, or damaged. @throws {SourceError} what the registry sends has not
 * the digest it must have; what reading the source throws. @throws {DocteurError} as `PartialImage`.
 */
export async function pullImage(source: Source, options: PullOptions): Promise<Pulled> {
  const { image, verify = true, signal } = options;
  // Before it takes the space.
  const { commit } = decodeHeader(await startOf(source, signal), source.size);
  await using partial = await PartialImage.open(image, source.key, source.size);
  let resumed = partial.length;
  for (;;) {
    try {
      await fill(partial, source, options);
      await partial.flush();
      if (verify) await verified(partial.temporary, options);
      break;
    } catch (error) {
      // A part of what has no version is of no use to the next pull.
      if (!isDamage(error) && source.isUnversioned !== true) throw error;
      if (!isDamage(error) || resumed === 0) {
        await partial.discard();
        throw error;
      }
      resumed = 0;
      await partial.empty();
    }
  }
  await partial.publish();
  const digest = isOciSource(source) ? source.digest : undefined;
  return { image: partial.path, commit, bytes: source.size, resumed, digest, verified: verify };
}

async function startOf(source: Source, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const length = Math.min(HEADER_BYTES, source.size);
  return source.start.length >= length ? source.start : await source.read(0, length, signal);
}

async function verified(path: string, { onProgress, signal }: PullOptions): Promise<Verification> {
  return await verifyImage(path, {
    onProgress: (done, total) => onProgress?.("verify", done, total),
    signal,
  });
}

/** Whether the bytes are wrong, which had been right, for all that is known. */
function isDamage(error: unknown): boolean {
  return error instanceof InvalidImageError || error instanceof WrongDigestError;
}

/** What a registry sends for a digest has another. */
class WrongDigestError extends SourceError {
  constructor(display: string, found: string, expected: string) {
    const what = `the registry sends a layer whose digest is ${found}, not ${expected}`;
    super("SOURCE_MALFORMED", `${display}: ${what}: push it again, or ask who runs the registry`);
  }
}

/** Reads the rest of the image, and verifies the digest of the layer that it is in, if it is in one. */
async function fill(partial: PartialImage, source: Source, options: PullOptions): Promise<void> {
  const { onProgress, signal } = options;
  const { size } = source;
  const layer = isOciSource(source) ? source : undefined;
  const digester = layer && new Digester(layer.layer.digest);
  if (layer !== undefined && digester !== undefined) {
    await hashLayer(digester, layer, 0, layer.offset, signal);
    for await (const bytes of partial.read()) digester.update(bytes);
  }
  const read = (offset: number, length: number, ended: AbortSignal) => source.read(offset, length, ended);
  onProgress?.("fetch", partial.length, size);
  for await (const bytes of orderedPieces(read, partial.length, size, signal)) {
    digester?.update(bytes);
    await partial.append(bytes);
    onProgress?.("fetch", partial.length, size);
  }
  if (layer === undefined || digester === undefined) return;
  await hashLayer(digester, layer, layer.offset + size, layer.layer.size, signal);
  const found = digester.digest();
  if (found !== layer.layer.digest) throw new WrongDigestError(source.display, found, layer.layer.digest);
}

/** Hashes what is before or behind the image in its layer. */
async function hashLayer(
  digester: Digester,
  source: OciSource,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const read = (offset: number, length: number, ended: AbortSignal) =>
    source.readLayer(offset, length, ended);
  for await (const bytes of orderedPieces(read, start, end, signal)) digester.update(bytes);
}
