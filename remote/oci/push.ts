import { type FileHandle, open } from "node:fs/promises";
import { openFileDevice } from "../../reader/block/file.ts";
import { DocteurError } from "../../reader/errors.ts";
import { SourceError } from "../../reader/source-error.ts";
import type { OciAddress } from "../address.ts";
import { header } from "../http/answer.ts";
import { describeImage, type ImageDescription } from "../inspect/description.ts";
import type { SourceOptions } from "../source.ts";
import { type Artifact, describeArtifact } from "./artifact.ts";
import { type BlobContent, type Uploaded, uploadBlob } from "./blob-upload.ts";
import { Digester, isDigest } from "./digest.ts";
import { HEAD_SIZE, layerHead, layerTail } from "./layer.ts";
import { ACCEPTED_MANIFESTS, OCI_MANIFEST } from "./manifest.ts";
import { Registry } from "./registry.ts";

/** Bytes hashed at a time. */
const PIECE = 1024 * 1024;

export interface PushOptions extends SourceOptions {
  /** Where the commit comes from, for the annotation; an address without secrets. */
  readonly source?: string | undefined;
  readonly onProgress?: ((phase: "hash" | "upload", done: number, total: number) => void) | undefined;
}

/** What is in the registry now. */
export interface Pushed {
  /** The address that means these bytes for ever. */
  readonly address: string;
  readonly digest: string;
  /** Of the layer. */
  readonly layer: string;
  readonly commit: string;
  /** Bytes of the layer. */
  readonly size: number;
  /** What became of the layer. `unchanged`: the tag had this image before. */
  readonly layerWas: Uploaded | "unchanged";
}

/**
 * Pushes an image into a registry, as an artifact that is also a container image. The registry gets nothing
 * that it has.
 *
 * @param path a file or a block device. @param address its reference is a tag, or the digest that comes of it.
 * @throws {InvalidImageError} the header, the IDX's tables or the commit is damaged.
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `FILE_CHANGED`.
 * @throws {SourceError} the registry refuses; the signal's reason when aborted.
 */
export async function pushImage(
  path: string,
  address: OciAddress,
  options: PushOptions = {},
): Promise<Pushed> {
  const description = describeFile(path);
  await using file = await open(path);
  const { onProgress, signal } = options;
  const layer = await hashLayer(path, file, description.size, options);
  const artifact = describeArtifact(description, layer, options.source);
  const { registry: host, repository, reference } = address;
  if (isDigest(reference) && reference !== artifact.digest) {
    const what = `this image has the digest ${artifact.digest}: give a tag, or that digest`;
    throw new SourceError("BAD_ADDRESS", `${address.display}: ${what}`);
  }
  await using registry = await Registry.open(address, { ...options, actions: "pull,push" });
  const isThere = (await digestThere(registry, reference)) === artifact.digest;
  const upload = (done: number) => onProgress?.("upload", done, layer.size);
  const layerWas = isThere
    ? "unchanged"
    : await uploadBlob(registry, layer, { ...options, onProgress: upload });
  if (!isThere) {
    await uploadBlob(registry, contentOf(artifact), { signal });
    await putManifest(registry, reference, artifact);
  }
  return {
    address: `oci://${host}/${repository}@${artifact.digest}`,
    digest: artifact.digest,
    layer: layer.digest,
    commit: description.id,
    size: layer.size,
    layerWas,
  };
}

function describeFile(path: string): ImageDescription {
  const device = openFileDevice(path);
  try {
    return describeImage(device);
  } finally {
    device.close();
  }
}

function contentOf({ config, configDigest }: Artifact): BlobContent {
  const read = async (offset: number, length: number) => config.subarray(offset, offset + length);
  return { digest: configDigest, size: config.length, read };
}

/** The layer of an image: read from its file whenever it is needed. */
async function hashLayer(
  path: string,
  file: FileHandle,
  imageSize: number,
  { onProgress, signal }: PushOptions,
): Promise<BlobContent> {
  const head = layerHead(imageSize);
  const tail = layerTail(imageSize);
  const size = head.length + imageSize + tail.length;
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = Buffer.allocUnsafe(length);
    const end = offset + length;
    const imageEnd = HEAD_SIZE + imageSize;
    if (offset < HEAD_SIZE) bytes.set(head.subarray(offset, end));
    if (end > imageEnd) {
      const start = Math.max(offset, imageEnd);
      bytes.set(tail.subarray(start - imageEnd, end - imageEnd), start - offset);
    }
    const from = Math.max(offset, HEAD_SIZE);
    const to = Math.min(end, imageEnd);
    if (from < to) await readFully(path, file, bytes.subarray(from - offset, to - offset), from - HEAD_SIZE);
    return bytes;
  };
  const digester = new Digester();
  for (let at = 0; at < size; at += PIECE) {
    signal?.throwIfAborted();
    digester.update(await read(at, Math.min(PIECE, size - at)));
    onProgress?.("hash", Math.min(at + PIECE, size), size);
  }
  return { digest: digester.digest(), size, read };
}

async function readFully(path: string, file: FileHandle, into: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, offset + done);
    if (bytesRead === 0) {
      throw new DocteurError(
        "FILE_CHANGED",
        `${path}: the image became shorter while it was pushed; push it again`,
      );
    }
    done += bytesRead;
  }
}

/** The digest of what a tag or digest means in the registry; undefined if it means nothing, or the registry does not say. */
async function digestThere(registry: Registry, reference: string): Promise<string | undefined> {
  const request = {
    method: "HEAD",
    target: `manifests/${reference}`,
    headers: { accept: ACCEPTED_MANIFESTS },
  } as const;
  return await registry.exchange(request, async (answer) => {
    if (answer.status === 401 || answer.status >= 500) registry.require(answer, [200]);
    return answer.status === 200 ? header(answer, "docker-content-digest") : undefined;
  });
}

async function putManifest(
  registry: Registry,
  reference: string,
  { manifest, digest }: Artifact,
): Promise<void> {
  const request = { method: "PUT", target: `manifests/${reference}`, body: manifest } as const;
  await registry.exchange({ ...request, headers: { "content-type": OCI_MANIFEST } }, async (answer) => {
    registry.require(answer, [200, 201, 202, 204]);
    const named = header(answer, "docker-content-digest");
    if (named !== undefined && named !== digest) {
      const what = `the registry has stored a manifest whose digest is ${named}, not ${digest}: ask who runs it`;
      throw new SourceError("SOURCE_MALFORMED", `${registry.display}: ${what}`);
    }
  });
}
