import { SourceError } from "../../reader/source-error.ts";
import type { OciAddress } from "../address.ts";
import { header } from "../http/answer.ts";
import type { SourceOptions } from "../source.ts";
import { type BlobContent, type Uploaded, uploadBlob } from "./blob-upload.ts";
import { ACCEPTED_MANIFESTS } from "./manifest.ts";
import { Registry } from "./registry.ts";

/** A manifest of this host, and the blobs that it names. */
export interface LocalManifest {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly mediaType: string;
  readonly blobs: readonly BlobContent[];
}

export interface ManifestUploadOptions extends SourceOptions {
  /** Called with the bytes of all blobs that are hashed, and then with those that the registry has. */
  readonly onProgress?: ((phase: "hash" | "upload", done: number, total: number) => void) | undefined;
}

/**
 * Uploads what a registry does not have of blobs and their manifest; then a tag or a digest means the manifest.
 *
 * @returns what became of each blob; undefined if the tag or digest meant this manifest before.
 * @throws {SourceError} the registry refuses; `BAD_ADDRESS`: the address has another digest; the signal's reason when
 *   aborted.
 */
export async function uploadManifest(
  address: OciAddress,
  manifest: LocalManifest,
  options: ManifestUploadOptions = {},
): Promise<readonly Uploaded[] | undefined> {
  const { reference } = address;
  const { digest, blobs } = manifest;
  // A tag has no colon.
  if (reference.includes(":") && reference !== digest) {
    const what = `this image has the digest ${digest}: give a tag, or that digest`;
    throw new SourceError("BAD_ADDRESS", `${address.display}: ${what}`);
  }
  await using registry = await Registry.open(address, { ...options, actions: "pull,push" });
  if ((await digestThere(registry, reference)) === digest) return undefined;
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  options.onProgress?.("upload", 0, total);
  const fates: Uploaded[] = [];
  let before = 0;
  for (const blob of blobs) {
    const onProgress = (done: number) => options.onProgress?.("upload", before + done, total);
    fates.push(await uploadBlob(registry, blob, { ...options, onProgress }));
    before += blob.size;
  }
  await putManifest(registry, reference, manifest);
  return fates;
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
  { bytes, digest, mediaType }: LocalManifest,
): Promise<void> {
  const request = { method: "PUT", target: `manifests/${reference}`, body: bytes } as const;
  await registry.exchange({ ...request, headers: { "content-type": mediaType } }, async (answer) => {
    registry.require(answer, [200, 201, 202, 204]);
    const named = header(answer, "docker-content-digest");
    if (named !== undefined && named !== digest) {
      const what = `the registry has stored a manifest whose digest is ${named}, not ${digest}: ask who runs it`;
      throw new SourceError("SOURCE_MALFORMED", `${registry.display}: ${what}`);
    }
  });
}
