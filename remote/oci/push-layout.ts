import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { type OciAddress, pinnedAddress } from "../address.ts";
import type { BlobContent } from "./blob-upload.ts";
import { digestOf, digestOfContent, isDigest } from "./digest.ts";
import { objectOf, parseJson, textOf } from "./json.ts";
import { type Descriptor, type ImageManifest, LARGEST_MANIFEST, parseManifest } from "./manifest.ts";
import { type LocalManifest, type ManifestUploadOptions, uploadManifest } from "./manifest-upload.ts";
import { openSteady, readSteady, type SteadyFile } from "./steady-file.ts";

/** The file that makes a folder an image layout. */
const MARK = "oci-layout";

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
  options: ManifestUploadOptions = {},
): Promise<PushedLayout> {
  const { onProgress, signal } = options;
  const manifest = await readLayout(folder);
  const { digest, blobs } = manifest;
  const size = blobs.reduce((sum, blob) => sum + blob.size, 0);
  let before = 0;
  for (const blob of blobs) {
    const onPiece = (done: number) => onProgress?.("hash", before + done, size);
    const found = await digestOfContent(blob, { like: blob.digest, signal, onProgress: onPiece });
    if (found !== blob.digest) throw invalid(folder, `the blob ${blob.digest} is damaged`);
    before += blob.size;
  }
  const fates = await uploadManifest(address, manifest, options);
  const uploaded = blobs.filter((_blob, index) => fates?.[index] === "uploaded");
  return {
    address: pinnedAddress(address, digest),
    digest,
    size,
    uploaded: uploaded.reduce((sum, blob) => sum + blob.size, 0),
  };
}

async function readLayout(folder: string): Promise<LocalManifest> {
  const version = parseJson(await readSmall(folder, MARK))?.imageLayoutVersion;
  if (version !== "1.0.0") throw invalid(folder, "its version is not 1.0.0");
  const list = parseJson(await readSmall(folder, "index.json"))?.manifests;
  if (!Array.isArray(list)) throw invalid(folder, "index.json has no list of images");
  // One image may have several names.
  const digests = new Set(list.map((each) => objectOf(each)?.digest));
  if (digests.size !== 1) throw invalid(folder, `it has ${digests.size} images, and one is pushed at a time`);
  const [digest] = digests;
  // A registry computes a manifest's digest itself, by SHA-256.
  if (!isDigest(digest) || !digest.startsWith("sha256:"))
    throw invalid(folder, "its image has no digest of SHA-256");
  const mediaType = textOf(objectOf(list[0])?.mediaType) ?? "";
  const bytes = await readSmall(folder, blobFile(digest));
  if (digestOf(bytes, digest) !== digest) throw invalid(folder, `the manifest ${digest} is damaged`);
  const { layers, config } = imageManifest(folder, bytes, mediaType);
  const blobs = new Map<string, BlobContent>();
  for (const part of [...layers, config]) blobs.set(part.digest, await blobContent(folder, part));
  return { bytes, digest, mediaType, blobs: [...blobs.values()] };
}

function imageManifest(folder: string, bytes: Uint8Array, mediaType: string): ImageManifest {
  let manifest: ReturnType<typeof parseManifest>;
  try {
    manifest = parseManifest(bytes, mediaType, folder);
  } catch {
    throw invalid(folder, "its manifest is malformed, or of another type than an image's");
  }
  if (manifest.kind === "index")
    throw invalid(folder, "its image is a list of images: copy one of them alone");
  if (manifest.mediaType !== mediaType)
    throw invalid(folder, "index.json has another type than its manifest");
  return manifest;
}

async function blobContent(folder: string, { digest, size }: Descriptor): Promise<BlobContent> {
  const name = blobFile(digest);
  const state = await withFile(folder, name, async (file) => {
    if (file.size !== size)
      throw invalid(folder, `the blob ${digest} is of another size than its manifest says`);
    return file.state;
  });
  const read = (offset: number, length: number) =>
    withFile(folder, name, (file) => readSteady({ ...file, state }, offset, length));
  return { digest, size, read };
}

function blobFile(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Reads a file that may have the size of a manifest. */
async function readSmall(folder: string, name: string): Promise<Uint8Array> {
  return await withFile(folder, name, async (file) => {
    if (file.size > LARGEST_MANIFEST)
      throw invalid(folder, `${name} has more than ${LARGEST_MANIFEST} bytes`);
    return await readSteady(file, 0, file.size);
  });
}

/** Opens a file only while it is used: there may be more than a process can have open. */
async function withFile<Result>(
  folder: string,
  name: string,
  use: (file: SteadyFile) => Promise<Result>,
): Promise<Result> {
  const file = await openSteady(join(folder, name)).catch((cause: NodeJS.ErrnoException) => {
    throw invalid(folder, cause.code === "ENOENT" ? `it has no file ${name}` : `${name}: ${cause.code}`);
  });
  if (file === undefined) throw invalid(folder, `${name} is no file`);
  await using _handle = file.handle;
  return await use(file);
}

function invalid(folder: string, what: string): DocteurError {
  return new DocteurError(
    "OCI_LAYOUT_INVALID",
    `${folder}: no image layout of OCI that can be pushed: ${what}`,
  );
}
