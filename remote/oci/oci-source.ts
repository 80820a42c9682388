import type { Source } from "../source.ts";
import type { Descriptor, ImageManifest } from "./manifest.ts";

/** An image in a registry, and what is known of it there. */
export interface OciSource extends Source {
  /** The digest of the manifest: with it, an address means these bytes for ever. */
  readonly digest: string;
  readonly manifest: ImageManifest;
  readonly layer: Descriptor;
  /** Where the image lies in the layer, in bytes. */
  readonly offset: number;
  /** As `read`, of the whole layer. */
  readLayer(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Whether a source is an image in a registry. */
export function isOciSource(source: Source): source is OciSource {
  return "layer" in source;
}
