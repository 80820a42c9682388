import type { OciAddress } from "../address.ts";
import { RangeReader } from "../http/range-reader.ts";
import type { Source, SourceOptions } from "../source.ts";
import { SourceError } from "../source-error.ts";
import { findImage, HEAD_SIZE, type ImagePlace } from "./layer.ts";
import {
  ARTIFACT_TYPE,
  type Descriptor,
  type ImageManifest,
  isUncompressedLayer,
  parseManifest,
} from "./manifest.ts";
import type { OciSource } from "./oci-source.ts";
import { type FoundManifest, Registry } from "./registry.ts";

/** Bytes from the start, if nobody says how many. */
const START = 64 * 1024;

/** The platform that is taken of several, and that push writes. */
const PLATFORM = "linux/amd64";

/**
 * Opens the image of an artifact or of a container image: the disk in its one, uncompressed layer. The manifest
 * is the one that the address's digest names; the layer's bytes are those that the registry gives for the
 * layer's digest, which only reading all of them verifies.
 *
 * @throws {SourceError} `SOURCE_UNSUPPORTED`: it has another form; and what `Registry` and `RangeReader` throw.
 */
export async function openOciSource(address: OciAddress, options: SourceOptions = {}): Promise<OciSource> {
  const registry = await Registry.open(address, { ...options, actions: "pull" });
  try {
    return await openLayer(registry, address, options);
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw error;
  }
}

/** A layer, and where an image lies in it. */
export interface KnownLayer extends ImagePlace {
  readonly digest: string;
  readonly layerSize: number;
}

/**
 * Opens the image in a layer of which all is known. Asks for nothing of it.
 * @throws {SourceError} what `Registry` throws.
 */
export async function openKnownLayer(
  address: OciAddress,
  { digest, layerSize, offset, size }: KnownLayer,
  options: SourceOptions,
): Promise<Source> {
  // What the signal ends is the opening.
  const registry = await Registry.open(address, { ...options, signal: undefined, actions: "pull" });
  const { client, authorization } = registry;
  const { display } = address;
  const blob = RangeReader.known(
    client,
    {
      ...{ url: registry.url(`blobs/${digest}`), display, authorization, credentials: authorization },
      ...{ offset, length: size, immutable: true },
    },
    { etag: undefined, lastModified: undefined, length: layerSize },
  );
  return {
    ...{ display, size, key: digest, start: blob.start },
    read: (at, length, signal) => blob.read(at, length, signal),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

async function openLayer(
  registry: Registry,
  { reference, display }: OciAddress,
  { start = START, signal }: SourceOptions,
): Promise<OciSource> {
  const { digest, manifest } = await findManifest(registry, reference);
  const layer = theLayer(manifest, display);
  const blob = await RangeReader.open(registry.client, {
    url: registry.url(`blobs/${layer.digest}`),
    display,
    authorization: registry.authorization,
    credentials: registry.authorization,
    length: layer.size,
    start: HEAD_SIZE + start,
    immutable: true,
    signal,
  });
  if (blob.version.length !== layer.size) {
    const what = `the registry has ${blob.version.length} bytes of a layer of ${layer.size}: push it again`;
    throw new SourceError("SOURCE_MALFORMED", `${display}: ${what}`);
  }
  const place: ImagePlace = await findImage(
    (at, length) => blob.read(at, length, signal),
    layer.size,
    display,
  );
  const { offset, size } = place;
  const read = (at: number, length: number, readSignal?: AbortSignal) => {
    // What comes behind it in the layer is not the image's.
    if (at < 0 || at + length > size)
      throw new RangeError(`${length} bytes from ${at} on: there are ${size}`);
    return blob.read(offset + at, length, readSignal);
  };
  return {
    display,
    size,
    key: layer.digest,
    start: blob.start.subarray(offset, offset + size),
    digest,
    manifest,
    layer,
    offset,
    read: async (at, length, readSignal) => await read(at, length, readSignal),
    readLayer: (at, length, readSignal) => blob.read(at, length, readSignal),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

/** The manifest of a reference; of several platforms, of the one that push writes, or of the only one. */
async function findManifest(
  registry: Registry,
  reference: string,
): Promise<{ digest: string; manifest: ImageManifest }> {
  const { display } = registry;
  const parse = ({ bytes, type }: FoundManifest) => parseManifest(bytes, type, display);
  const found = await registry.manifest(reference);
  const top = parse(found);
  if (top.kind === "image") return { digest: found.digest, manifest: top };
  const { manifests } = top;
  const chosen = manifests.find(({ platform }) => platform === PLATFORM) ?? manifests[0];
  const isClear = manifests.length === 1 || chosen?.platform === PLATFORM;
  if (chosen === undefined || !isClear) {
    throw unsupported(display, `it is a list of ${manifests.length} images, none of them for ${PLATFORM}`);
  }
  const below = await registry.manifest(chosen.digest);
  const manifest = parse(below);
  if (manifest.kind !== "image") throw unsupported(display, "it is a list of lists of images");
  return { digest: below.digest, manifest };
}

function theLayer({ layers, artifactType, config }: ImageManifest, display: string): Descriptor {
  const [layer] = layers;
  if (layer === undefined || layers.length > 1) {
    const kind = artifactType ?? config.mediaType;
    throw unsupported(
      display,
      `it has ${layers.length} layers, where an image has one (it is of type ${kind})`,
    );
  }
  if (layer.size < HEAD_SIZE) throw unsupported(display, `its layer has no disk: it has ${layer.size} bytes`);
  if (isUncompressedLayer(layer)) return layer;
  const what = /gzip|zstd/.test(layer.mediaType) ? "is compressed" : `is of type ${layer.mediaType}`;
  const how = artifactType === ARTIFACT_TYPE ? "copy it again without changing it, or " : "";
  throw unsupported(
    display,
    `its layer ${what}, so no part of it can be read by itself: ${how}push it with docteur push`,
  );
}

function unsupported(display: string, what: string): SourceError {
  return new SourceError("SOURCE_UNSUPPORTED", `${display}: ${what}`);
}
