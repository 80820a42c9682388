import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import type { OciAddress } from "../address.ts";
import type { BlobContent } from "./blob-upload.ts";
import { Digester, digestOf, isDigest } from "./digest.ts";
import { objectOf, parseJson } from "./json.ts";
import { type Descriptor, type ImageManifest, LARGEST_MANIFEST, parseManifest } from "./manifest.ts";
import { type LocalManifest, type ManifestUploadOptions, uploadManifest } from "./manifest-upload.ts";
import { readFully } from "./read-fully.ts";

/** Bytes hashed at a time. */
const PIECE = 1024 * 1024;

/** The file that makes a folder an image layout. */
const MARK = "oci-layout";

export interface PushLayoutOptions extends Omit<ManifestUploadOptions, "onProgress"> {
  readonly onProgress?: ((phase: "hash" | "upload", done: number, total: number) => void) | undefined;
}

/** What is in the registry now. */
export interface PushedLayout {
  /** The address that means this image for ever. */
  readonly address: string;
  readonly digest: string;
  /** Bytes of the blobs. */
  readonly size: number;
  /** Bytes of those that were uploaded. */
  readonly uploaded: number;
}

/**
 * Pushes the image of a layout (OCI image specification 1.1, "Image Layout Specification") as it is: its digest stays what
 * it was. Each blob is verified first.
 *
 * @param folder of the layout, with one image in it.
 * @throws {DocteurError} `OCI_LAYOUT_INVALID`, `FILE_CHANGED`.
 * @throws {SourceError} the registry refuses; the signal's reason when aborted.
 */
export async function pushLayout(
  folder: string,
  address: OciAddress,
  options: PushLayoutOptions = {},
): Promise<PushedLayout> {
  const { onProgress, signal } = options;
  const manifest = await readLayout(folder);
  const { digest, blobs } = manifest;
  const size = blobs.reduce((sum, blob) => sum + blob.size, 0);
  let hashed = 0;
  for (const blob of blobs) {
    const digester = new Digester(blob.digest);
    for (let at = 0; at < blob.size; at += PIECE) {
      signal?.throwIfAborted();
      const piece = await blob.read(at, Math.min(PIECE, blob.size - at));
      digester.update(piece);
      hashed += piece.length;
      onProgress?.("hash", hashed, size);
    }
    if (digester.digest() !== blob.digest) throw invalid(folder, `the blob ${blob.digest} is damaged`);
  }
  const fates = await uploadManifest(address, manifest, {
    ...options,
    onProgress: (done, total) => onProgress?.("upload", done, total),
  });
  const uploaded = blobs.filter((_blob, index) => fates?.[index] === "uploaded");
  return {
    address: `oci://${address.registry}/${address.repository}@${digest}`,
    digest,
    size,
    uploaded: uploaded.reduce((sum, blob) => sum + blob.size, 0),
  };
}

async function readLayout(folder: string): Promise<LocalManifest> {
  const mark = await readSmall(folder, MARK).catch(() => {
    const what = `it has no file ${MARK}: what is pushed is a disk image, or such a layout`;
    throw invalid(folder, what);
  });
  if (parseJson(mark)?.imageLayoutVersion !== "1.0.0") throw invalid(folder, "its version is not 1.0.0");
  const list = parseJson(await readSmall(folder, "index.json"))?.manifests;
  if (!Array.isArray(list) || list.length !== 1) {
    const count = Array.isArray(list) ? list.length : "no list of";
    throw invalid(folder, `it has ${count} images, and one is pushed at a time`);
  }
  const { digest, mediaType } = objectOf(list[0]) ?? {};
  if (!isDigest(digest) || typeof mediaType !== "string")
    throw invalid(folder, "its image has no digest or type");
  const bytes = await readSmall(folder, blobFile(digest));
  if (digestOf(bytes, digest) !== digest) throw invalid(folder, `the manifest ${digest} is damaged`);
  const { layers, config } = imageManifest(folder, bytes, mediaType);
  const parts = [...layers, config];
  const blobs = parts.filter(
    (part, index) => parts.findIndex((each) => each.digest === part.digest) === index,
  );
  return {
    bytes,
    digest,
    mediaType,
    blobs: await Promise.all(blobs.map((blob) => blobContent(folder, blob))),
  };
}

function imageManifest(folder: string, bytes: Uint8Array, mediaType: string): ImageManifest {
  let manifest: ReturnType<typeof parseManifest>;
  try {
    manifest = parseManifest(bytes, mediaType, folder);
  } catch {
    throw invalid(folder, "its manifest is malformed, or of another type than an image's");
  }
  if (manifest.kind === "index") throw invalid(folder, "it has an image for each of several platforms");
  return manifest;
}

async function blobContent(folder: string, { digest, size }: Descriptor): Promise<BlobContent> {
  const path = join(folder, blobFile(digest));
  if ((await sizeOf(path)) !== size)
    throw invalid(folder, `the blob ${digest} is missing, or of another size`);
  const read = async (offset: number, length: number) => {
    await using file = await open(path);
    const bytes = Buffer.allocUnsafe(length);
    await readFully(path, file, bytes, offset);
    return bytes;
  };
  return { digest, size, read };
}

function blobFile(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Reads a file that may have the size of a manifest. */
async function readSmall(folder: string, name: string): Promise<Uint8Array> {
  const path = join(folder, name);
  const size = await sizeOf(path);
  if (size === undefined || size > LARGEST_MANIFEST)
    throw invalid(folder, `${name} is missing, is no file, or has more than ${LARGEST_MANIFEST} bytes`);
  await using file = await open(path);
  const bytes = Buffer.alloc(size);
  await readFully(path, file, bytes, 0);
  return bytes;
}

/** @returns undefined if it is no file, which might keep a reader waiting. */
async function sizeOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? stats.size : undefined;
}

function invalid(folder: string, what: string): DocteurError {
  return new DocteurError(
    "OCI_LAYOUT_INVALID",
    `${folder}: no image layout of OCI that can be pushed: ${what}`,
  );
}
