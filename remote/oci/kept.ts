import { createHash } from "node:crypto";
import { BLOCK_SIZE } from "../block-cache.ts";
import type { Openings } from "../cache/openings.ts";
import { digestOf, isDigest } from "./digest.ts";
import { objectOf } from "./json.ts";
import type { ImagePlace } from "./layer.ts";
import type { Descriptor } from "./manifest.ts";
import type { FoundManifest } from "./registry.ts";

/**
 * The manifest of a reference: of a digest, the one that an earlier opening of this address has left, if there
 * is one. A tag is always asked for.
 *
 * @param repository the registry's and the repository's name. @param fetch asks the registry.
 * @throws what `fetch` throws.
 */
export async function sharedManifest(
  repository: string,
  reference: string,
  openings: Openings | undefined,
  fetch: () => Promise<FoundManifest>,
  signal: AbortSignal | undefined,
): Promise<FoundManifest> {
  if (openings === undefined || !isDigest(reference)) return await fetch();
  const name = nameOf("manifest", repository, reference);
  const find = async (): Promise<FoundManifest | undefined> => {
    const { type, text } = objectOf(openings.get(name)) ?? {};
    if (typeof type !== "string" || typeof text !== "string") return undefined;
    const bytes = Buffer.from(text);
    return digestOf(bytes, reference) === reference ? { bytes, type, digest: reference } : undefined;
  };
  const open = async () => {
    const found = await fetch();
    const { bytes, type } = found;
    openings.put(name, { type, text: Buffer.from(bytes).toString() });
    return found;
  };
  return await openings.share(name, { find, open, signal });
}

/** A layer that was opened. */
export interface OpenedLayer {
  readonly place: ImagePlace;
  /** The first bytes of the image; none where the cache has them. */
  readonly start: Uint8Array;
}

/**
 * Where the image lies in a layer: as an earlier opening has found it, if the cache has the first block of the
 * image.
 * @param open asks the registry. @throws what `open` throws.
 */
export async function sharedLayer(
  layer: Descriptor,
  openings: Openings | undefined,
  open: () => Promise<OpenedLayer>,
  signal: AbortSignal | undefined,
): Promise<OpenedLayer> {
  if (openings === undefined) return await open();
  const { blocks } = openings;
  const name = nameOf("layer", layer.digest);
  const find = async (): Promise<OpenedLayer | undefined> => {
    const { offset, size } = objectOf(openings.get(name)) ?? {};
    if (typeof offset !== "number" || typeof size !== "number") return undefined;
    const isRight = Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= 0 && size > 0;
    if (!isRight || offset + size > layer.size) return undefined;
    const isKept = (await blocks.get(layer.digest, 0)) !== undefined;
    return isKept ? { place: { offset, size }, start: new Uint8Array(0) } : undefined;
  };
  const openAndKeep = async () => {
    const opened = await open();
    const { place, start } = opened;
    // What has come whole may be from a registry without ranges: its other blocks cannot be fetched later.
    const isWhole = start.length === place.size && place.size > BLOCK_SIZE;
    if (start.length < Math.min(BLOCK_SIZE, place.size) || isWhole) return opened;
    await blocks.put(layer.digest, 0, start.slice(0, BLOCK_SIZE));
    openings.put(name, { offset: place.offset, size: place.size });
    return opened;
  };
  return await openings.share(name, { find, open: openAndKeep, signal });
}

function nameOf(...parts: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify(["oci", ...parts]))
    .digest("hex");
}
