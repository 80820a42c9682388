import { openFileDevice } from "../../reader/block/file.ts";
import { type OciAddress, pinnedAddress } from "../address.ts";
import { describeImage, type ImageDescription } from "../inspect/description.ts";
import { type Artifact, describeArtifact } from "./artifact.ts";
import type { BlobContent, Uploaded } from "./blob-upload.ts";
import { digestOfContent } from "./digest.ts";
import { HEAD_SIZE, layerHead, layerTail } from "./layer.ts";
import { OCI_MANIFEST } from "./manifest.ts";
import { type ManifestUploadOptions, uploadManifest } from "./manifest-upload.ts";
import { fileChanged, openSteady, readSteady, type SteadyFile } from "./steady-file.ts";

export interface PushOptions extends ManifestUploadOptions {
  /** Where the commit comes from, for the annotation; an address without secrets. */
  readonly source?: string | undefined;
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
  const file = await openSteady(path);
  if (file === undefined) throw fileChanged(path);
  await using _handle = file.handle;
  const layer = await hashLayer(file, description.size, options);
  const artifact = describeArtifact(description, layer, options.source);
  const manifest = {
    bytes: artifact.manifest,
    digest: artifact.digest,
    mediaType: OCI_MANIFEST,
    blobs: [layer, configOf(artifact)],
  };
  const fates = await uploadManifest(address, manifest, options);
  return {
    address: pinnedAddress(address, artifact.digest),
    digest: artifact.digest,
    layer: layer.digest,
    commit: description.id,
    size: layer.size,
    layerWas: fates?.[0] ?? "unchanged",
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

function configOf({ config, configDigest }: Artifact): BlobContent {
  const read = async (offset: number, length: number) => config.subarray(offset, offset + length);
  return { digest: configDigest, size: config.length, read };
}

/** The layer of an image: read from its file whenever it is needed. */
async function hashLayer(
  file: SteadyFile,
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
    if (from < to) bytes.set(await readSteady(file, from - HEAD_SIZE, to - from), from - offset);
    return bytes;
  };
  const digest = await digestOfContent(
    { size, read },
    { signal, onProgress: (done) => onProgress?.("hash", done, size) },
  );
  return { digest, size, read };
}
