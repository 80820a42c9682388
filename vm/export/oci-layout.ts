import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from "../../remote/oci/manifest.ts";
import { encodeTarHeader, padded, TAR_BLOCK } from "../../remote/oci/tar-header.ts";
import { crypto } from "../crypto.ts";

/** A file or a folder of a layer. A folder comes before its entries. */
export interface LayerEntry {
  /** Without a slash at its start; a folder ends with one. At most 100 bytes, ASCII. */
  readonly name: string;
  /** The file of this host that it is a copy of. A folder has none. */
  readonly source?: string;
  /** User and group, by number. */
  readonly owner: number;
  /** Permission bits. Default: 0444, and 0555 for a folder. */
  readonly mode?: number;
}

/** A container image for a layout. */
export interface ContainerImage {
  /** What `skopeo copy oci:FOLDER:TAG` calls it. */
  readonly tag: string;
  /** Each an archive of its own: those of the same content are the same blob everywhere. */
  readonly layers: readonly (readonly LayerEntry[])[];
  /** The image specification's `config`. */
  readonly config: object;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** The archive ends with two blocks of zeroes. */
const END = Buffer.alloc(2 * TAR_BLOCK);

/** The same files give the same image. */
const CREATED = "1970-01-01T00:00:00Z";

/**
 * Writes an image as an image layout (OCI image specification 1.1, "Image Layout Specification"), with layers that are
 * not compressed.
 *
 * @param folder of the layout; it is made.
 * @returns the digest of the manifest.
 */
export async function writeOciLayout(
  folder: string,
  { tag, layers, config }: ContainerImage,
): Promise<string> {
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const written: Blob[] = [];
  for (const entries of layers) written.push(await writeBlob(blobs, archive(entries)));
  const configBlob = await writeJson(blobs, {
    created: CREATED,
    architecture: "amd64",
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: written.map(({ digest }) => digest) },
  });
  const manifest = await writeJson(blobs, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, ...configBlob },
    layers: written.map((blob) => ({ mediaType: OCI_LAYER, ...blob })),
  });
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [
      { mediaType: OCI_MANIFEST, ...manifest, annotations: { "org.opencontainers.image.ref.name": tag } },
    ],
  };
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  return manifest.digest;
}

async function* archive(entries: readonly LayerEntry[]): AsyncGenerator<Uint8Array> {
  for (const { name, source, owner, mode } of entries) {
    if (source === undefined) {
      yield encodeTarHeader({ name, size: 0, type: "5", owner, mode });
      continue;
    }
    const { size } = await stat(source);
    yield encodeTarHeader({ name, size, type: "0", owner, mode });
    yield* createReadStream(source, { end: Math.max(0, size - 1), highWaterMark: 1024 * 1024 });
    yield Buffer.alloc(padded(size) - size);
  }
  yield END;
}

function writeJson(blobs: string, value: object): Promise<Blob> {
  return writeBlob(blobs, [Buffer.from(JSON.stringify(value))]);
}

/** Writes a file whose name is the digest of its content. */
async function writeBlob(
  blobs: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Blob> {
  const hash = crypto().createHash("sha256");
  let size = 0;
  const temporary = join(blobs, "new");
  const hashed = async function* () {
    for await (const piece of pieces) {
      hash.update(piece);
      size += piece.length;
      yield piece;
    }
  };
  await pipeline(Readable.from(hashed(), { objectMode: false }), createWriteStream(temporary));
  const digest = hash.digest("hex");
  await rename(temporary, join(blobs, digest));
  return { digest: `sha256:${digest}`, size };
}
