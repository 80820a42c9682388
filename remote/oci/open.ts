import { SourceError } from "../../reader/source-error.ts";
import type { OciAddress } from "../address.ts";
import type { Openings } from "../cache/openings.ts";
import { DEFAULT_START, type SourceOptions } from "../source.ts";
import { BlobReader } from "./blob-reader.ts";
import { sharedLayer, sharedManifest } from "./kept.ts";
import { findImage, HEAD_SIZE } from "./layer.ts";
import { readLogins } from "./login-files.ts";
import {
  ARTIFACT_TYPE,
  type Descriptor,
  type ImageManifest,
  isUncompressedLayer,
  parseManifest,
} from "./manifest.ts";
import type { OciSource } from "./oci-source.ts";
import { type FoundManifest, Registry } from "./registry.ts";

export interface OciOptions extends SourceOptions {
  /** What earlier openings have learned. Default: nothing. */
  readonly openings?: Openings | undefined;
}

/** The platform that is taken of several, and that push writes. */
const PLATFORM = "linux/amd64";

/**
 * Opens the image of an artifact or of a container image: the disk in its one, uncompressed layer. The manifest
 * is the one that the address's digest names; the layer's bytes are those that the registry gives for the
 * layer's digest, which only reading all of them verifies.
 *
 * @throws {SourceError} `SOURCE_UNSUPPORTED`: it has another form; and what `Registry` and `RangeReader` throw.
 */
export async function openOciSource(address: OciAddress, options: OciOptions = {}): Promise<OciSource> {
  const registry = new LazyRegistry(address, options);
  try {
    return await openLayer(registry, address, options);
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw error;
  }
}

/** A registry that is opened when it is asked for something: what is kept may do without it. */
class LazyRegistry implements AsyncDisposable {
  readonly #address: OciAddress;
  readonly #options: SourceOptions;
  #registry: Promise<Registry> | undefined;

  constructor(address: OciAddress, options: SourceOptions) {
    this.#address = address;
    this.#options = options;
  }

  async open(): Promise<Registry> {
    this.#registry ??= Registry.open(this.#address, { ...this.#options, actions: "pull" }).catch((error) => {
      this.#registry = undefined;
      throw error;
    });
    return await this.#registry;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const registry = await this.#registry?.catch(() => undefined);
    await registry?.[Symbol.asyncDispose]();
  }
}

async function openLayer(
  registry: LazyRegistry,
  address: OciAddress,
  options: OciOptions,
): Promise<OciSource> {
  const { display } = address;
  const { start: startLength = DEFAULT_START, signal, deadline, openings } = options;
  const { digest, manifest } = await findManifest(registry, address, options);
  const layer = theLayer(manifest, display);
  // Of this registry: parts of a layer cannot be verified, and another may give others for its digest.
  const key = `oci:${address.registry}/${layer.digest}`;
  const blob = new BlobReader(layer, () => registry.open());
  const { place, start } = await sharedLayer(
    layer,
    key,
    openings,
    async () => {
      const head = await blob.open(startLength, signal);
      const found = await findImage((at, length) => blob.read(at, length, signal), layer.size, display);
      return { place: found, start: head.subarray(found.offset, found.offset + found.size) };
    },
    { signal, deadline },
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
    key,
    start,
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
  registry: LazyRegistry,
  { display, reference, registry: host, repository }: OciAddress,
  { openings, signal, deadline, env = process.env }: OciOptions,
): Promise<{ digest: string; manifest: ImageManifest }> {
  const parse = ({ bytes, type }: FoundManifest) => parseManifest(bytes, type, display);
  const find = (which: string) => {
    const fetch = async () => (await registry.open()).manifest(which);
    const logins = () => readLogins(env, signal);
    const question = {
      repository: `${host}/${repository}`,
      reference: which,
      logins,
      limits: { signal, deadline },
    };
    return sharedManifest(question, openings, fetch);
  };
  const found = await find(reference);
  const top = parse(found);
  if (top.kind === "image") return { digest: found.digest, manifest: top };
  const { manifests } = top;
  const chosen = manifests.find(({ platform }) => platform === PLATFORM) ?? manifests[0];
  const isClear = manifests.length === 1 || chosen?.platform === PLATFORM;
  if (chosen === undefined || !isClear) {
    throw unsupported(display, `it is a list of ${manifests.length} images, none of them for ${PLATFORM}`);
  }
  const below = await find(chosen.digest);
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
