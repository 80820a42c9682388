import { openFileDevice } from "../reader/block/file.ts";
import type { ImageAddress } from "./address.ts";
import { describeImage, type ImageDescription } from "./inspect/description.ts";
import { withSparseDevice } from "./inspect/sparse-device.ts";
import { isOciSource } from "./oci/oci-source.ts";
import { openSource } from "./open.ts";
import type { SourceOptions } from "./source.ts";

/** Where an image came from. */
export interface Origin {
  /** The address, without secrets. */
  readonly source: string;
  /** In a registry: the digests of manifest and layer. */
  readonly digest?: string;
  readonly layer?: string;
  /** What who pushed it says of it. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an image says of itself, and where it came from. */
export interface Inspection {
  readonly description: ImageDescription;
  readonly origin: Origin;
}

/** Inspects a file or a block device. @throws as `openFileDevice` and `describeImage`. */
export function inspectFile(path: string): Inspection {
  const device = openFileDevice(path);
  try {
    return { description: describeImage(device), origin: { source: path } };
  } finally {
    device.close();
  }
}

/**
 * Inspects an image that lies elsewhere, by a few ranges of it.
 * @throws {SourceError} it cannot be read there. @throws {InvalidImageError} as `describeImage`.
 */
export async function inspectSource(
  address: Exclude<ImageAddress, { kind: "file" }>,
  options: SourceOptions = {},
): Promise<Inspection> {
  await using source = await openSource(address, options);
  const description = await withSparseDevice(source, describeImage, options.signal);
  const origin = isOciSource(source)
    ? {
        digest: source.digest,
        layer: source.layer.digest,
        annotations: Object.fromEntries(source.manifest.annotations),
      }
    : {};
  return { description, origin: { source: source.display, ...origin } };
}
