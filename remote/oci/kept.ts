import { createHash } from "node:crypto";
import { BLOCK_SIZE } from "../block-cache.ts";
import { grantOf } from "../cache/grant.ts";
import { isRecent, whenWanted } from "../cache/opening-time.ts";
import type { Openings, SharedOpening } from "../cache/openings.ts";
import { digestOf, isDigest } from "./digest.ts";
import { objectOf } from "./json.ts";
import type { ImagePlace } from "./layer.ts";
import type { Descriptor } from "./manifest.ts";
import type { FoundManifest } from "./registry.ts";

/** How long to wait for another process. */
type Limits = Pick<SharedOpening<unknown>, "deadline" | "signal">;

/** What decides which manifest an address means, and for whom. */
export interface ManifestQuestion {
  /** The registry's and the repository's name. */
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
  /** All that a user is logged in with. */
  readonly logins: () => Promise<readonly string[]>;
  readonly limits: Limits;
}

/**
 * The manifest of a reference. Of a digest it is the one that an earlier opening of this address has left, if
 * there is one. Processes that ask for a tag at the same time, with the same logins, take one answer.
 *
 * @param fetch asks the registry. @throws what `fetch` throws.
 */
export async function sharedManifest(
  question: ManifestQuestion,
  openings: Openings | undefined,
  fetch: () => Promise<FoundManifest>,
): Promise<FoundManifest> {
  const { repository, reference, logins, limits } = question;
  if (openings === undefined) return await fetch();
  const manifests = new KeptManifests(repository, openings);
  const fetchAndKeep = async () => {
    const found = await fetch();
    manifests.put(found);
    return found;
  };
  if (isDigest(reference)) {
    const find = async () => manifests.get(reference);
    return await openings.share(nameOf("manifest", repository, reference), {
      find,
      open: fetchAndKeep,
      ...limits,
    });
  }
  const name = nameOf("tag", repository, reference);
  const wanted = whenWanted(name);
  const grant = grantOf([repository, reference, await logins()]);
  const find = async () => {
    const kept = objectOf(openings.get(name));
    const isNow = grant !== undefined && kept?.grant === grant && isRecent(Number(kept.at), wanted);
    return isNow && isDigest(kept.digest) ? manifests.get(kept.digest) : undefined;
  };
  const open = async () => {
    const found = await fetchAndKeep();
    openings.put(name, { digest: found.digest, grant, at: Date.now() });
    return found;
  };
  // Who is refused must not make others wait.
  return await openings.share(nameOf("tag", repository, reference, grant ?? ""), { find, open, ...limits });
}

/** The manifests of a repository, by their digests. */
class KeptManifests {
  readonly #repository: string;
  readonly #openings: Openings;

  constructor(repository: string, openings: Openings) {
    this.#repository = repository;
    this.#openings = openings;
  }

  get(digest: string): FoundManifest | undefined {
    const { type, text } = objectOf(this.#openings.get(nameOf("manifest", this.#repository, digest))) ?? {};
    if (typeof type !== "string" || typeof text !== "string") return undefined;
    const bytes = Buffer.from(text);
    return digestOf(bytes, digest) === digest ? { bytes, type, digest } : undefined;
  }

  put({ bytes, type, digest }: FoundManifest): void {
    const name = nameOf("manifest", this.#repository, digest);
    this.#openings.put(name, { type, text: Buffer.from(bytes).toString() });
  }
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
 * @param key names the image's blocks in the cache. @param open asks the registry. @throws what `open` throws.
 */
export async function sharedLayer(
  layer: Descriptor,
  key: string,
  openings: Openings | undefined,
  open: () => Promise<OpenedLayer>,
  limits: Limits,
): Promise<OpenedLayer> {
  if (openings === undefined) return await open();
  const { blocks } = openings;
  const name = nameOf("layer", key);
  const find = async (): Promise<OpenedLayer | undefined> => {
    const { offset, size } = objectOf(openings.get(name)) ?? {};
    if (typeof offset !== "number" || typeof size !== "number") return undefined;
    const isRight = Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= 0 && size > 0;
    if (!isRight || offset + size > layer.size) return undefined;
    const isKept = (await blocks.get(key, 0)) !== undefined;
    return isKept ? { place: { offset, size }, start: new Uint8Array(0) } : undefined;
  };
  const openAndKeep = async () => {
    const opened = await open();
    const { place, start } = opened;
    // What has come whole may be from a registry without ranges: its other blocks cannot be fetched later.
    const isWhole = start.length === place.size && place.size > BLOCK_SIZE;
    if (start.length < Math.min(BLOCK_SIZE, place.size) || isWhole) return opened;
    await blocks.put(key, 0, start.slice(0, BLOCK_SIZE));
    openings.put(name, { offset: place.offset, size: place.size });
    return opened;
  };
  return await openings.share(name, { find, open: openAndKeep, ...limits });
}

function nameOf(...parts: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify(["oci", ...parts]))
    .digest("hex");
}
