import packageJson from "../../package.json" with { type: "json" };
import type { ImageDescription } from "../inspect/description.ts";
import { digestOf } from "./digest.ts";
import { ARTIFACT_TYPE, type Descriptor, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from "./manifest.ts";

/** The keys of docteur's own annotations. */
export const OBJECT_FORMAT_KEY = "io.docteur.object-format";
export const SIZE_KEY = "io.docteur.size";
export const OBJECTS_KEY = "io.docteur.objects";

/** Characters of an author in an annotation. */
const LONGEST_AUTHOR = 1000;

/** The last second whose year has four digits, as RFC 3339 wants them. */
const LAST_SECOND = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** What is pushed beside the layer. */
export interface Artifact {
  /** The bytes of the manifest. */
  readonly manifest: Uint8Array;
  readonly digest: string;
  /** The bytes of the configuration. */
  readonly config: Uint8Array;
  readonly configDigest: string;
}

/**
 * The artifact of an image: an OCI manifest with an `artifactType`, whose configuration and layer are also
 * those of a container image, so that what takes container images takes it. The same image gives the same
 * manifest, byte for byte, with the same version of docteur.
 *
 * @param layer its digest and size. @param source where the commit comes from, an address without secrets.
 */
export function describeArtifact(
  image: ImageDescription,
  layer: Pick<Descriptor, "digest" | "size">,
  source?: string,
): Artifact {
  const { author, committer } = image.commit;
  const created = dateOf(committer.date);
  const who = `${author.name} <${author.email}>`.slice(0, LONGEST_AUTHOR);
  // What containers/image and KubeVirt want of it: the platform, and the digests of the layers, uncompressed.
  const config = encode({
    created,
    author: who,
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [layer.digest] },
    history: [{ created, created_by: "docteur push" }],
  });
  const configDigest = digestOf(config);
  const manifest = encode({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: ARTIFACT_TYPE,
    config: { mediaType: OCI_CONFIG, digest: configDigest, size: config.length },
    layers: [{ mediaType: OCI_LAYER, digest: layer.digest, size: layer.size }],
    annotations: {
      "org.opencontainers.image.created": created,
      "org.opencontainers.image.authors": who,
      "org.opencontainers.image.revision": image.id,
      "org.opencontainers.image.source": source,
      "org.opencontainers.image.version": packageJson.version,
      [OBJECT_FORMAT_KEY]: image.hash,
      [SIZE_KEY]: String(image.size),
      [OBJECTS_KEY]: String(image.objects),
    },
  });
  return { manifest, digest: digestOf(manifest), config, configDigest };
}

function encode(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** RFC 3339, in UTC. A date that it cannot have is left out: container engines refuse others. */
function dateOf(seconds: number): string | undefined {
  if (seconds > LAST_SECOND) return undefined;
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z");
}
