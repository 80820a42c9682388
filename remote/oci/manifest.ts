import { SourceError } from "../../reader/source-error.ts";
import { isDigest } from "./digest.ts";
import { objectOf, parseJson, textOf } from "./json.ts";

/** Media types of the OCI image specification 1.1, and Docker's for the same things. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

/** What says that a manifest is of an image that docteur has pushed. */
export const ARTIFACT_TYPE = "application/vnd.docteur.image.v1";

/** What a client accepts for a manifest. */
export const ACCEPTED_MANIFESTS: string = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ");

/** Bytes of a manifest (distribution specification, "Pushing Manifests"). */
export const LARGEST_MANIFEST = 4 * 1024 * 1024;

/** A blob, as a manifest names it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** A manifest of one image. */
export interface ImageManifest {
  readonly kind: "image";
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: ReadonlyMap<string, string>;
}

/** A list of manifests, one for each platform. */
export interface ImageIndex {
  readonly kind: "index";
  readonly manifests: readonly (Descriptor & { readonly platform: string | undefined })[];
}

/**
 * Parses a manifest, whose bytes are those of its digest if that is known.
 *
 * @param type the answer's `Content-Type`, which counts where the manifest itself does not say what it is.
 * @throws {SourceError} `SOURCE_MALFORMED`: it is none; `SOURCE_UNSUPPORTED`: it is of another form.
 */
export function parseManifest(bytes: Uint8Array, type: string, display: string): ImageManifest | ImageIndex {
  const malformed = (what: string) =>
    new SourceError("SOURCE_MALFORMED", `${display}: the registry gives a malformed manifest: ${what}`);
  const manifest = parseJson(bytes);
  if (manifest === undefined) throw malformed("it is not a JSON object");
  const mediaType = textOf(manifest.mediaType) ?? type.split(";")[0]!.trim().toLowerCase();
  switch (mediaType) {
    case OCI_MANIFEST:
    case DOCKER_MANIFEST:
      return {
        kind: "image",
        mediaType,
        artifactType: textOf(manifest.artifactType),
        config: descriptor(manifest.config, malformed),
        layers: listOf(manifest.layers, malformed).map((each) => descriptor(each, malformed)),
        annotations: annotationsOf(manifest.annotations),
      };
    case OCI_INDEX:
    case DOCKER_LIST:
      return {
        kind: "index",
        manifests: listOf(manifest.manifests, malformed).map((each) => ({
          ...descriptor(each, malformed),
          platform: platformOf(objectOf(each)?.platform),
        })),
      };
    default: {
      const what = mediaType === "" ? "of no type" : `of type ${mediaType}`;
      const text = `${display}: the registry gives a manifest ${what}, which is no image; push it with docteur push`;
      throw new SourceError("SOURCE_UNSUPPORTED", text);
    }
  }
}

/** The media types of uncompressed layers. */
export function isUncompressedLayer({ mediaType }: Descriptor): boolean {
  return mediaType === OCI_LAYER || mediaType === DOCKER_LAYER;
}

function listOf(value: unknown, malformed: (what: string) => Error): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed("it has no list of its parts");
  return value;
}

function descriptor(value: unknown, malformed: (what: string) => Error): Descriptor {
  const { mediaType, digest, size } = objectOf(value) ?? {};
  if (typeof mediaType !== "string" || !isDigest(digest) || !Number.isSafeInteger(size) || Number(size) < 0) {
    throw malformed("a part of it has no media type, digest or size");
  }
  return { mediaType, digest, size: Number(size) };
}

function annotationsOf(value: unknown): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(objectOf(value) ?? {}).flatMap(([key, text]) =>
      typeof text === "string" ? [[key, text]] : [],
    ),
  );
}

/** `linux/amd64` */
function platformOf(value: unknown): string | undefined {
  const { os, architecture } = objectOf(value) ?? {};
  return typeof os === "string" && typeof architecture === "string" ? `${os}/${architecture}` : undefined;
}
