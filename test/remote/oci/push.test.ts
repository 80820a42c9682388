import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { openOciSource } from "../../../remote/oci/open.ts";
import { pushImage } from "../../../remote/oci/push.ts";
import { FIXTURES, IMAGES } from "../../fixtures.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { sha256, TestRegistry } from "./test-registry.ts";

const PATH = join(FIXTURES, "small.img");
const IMAGE = readFileSync(PATH);
const { commit } = IMAGES.get("small.img")!;
const env = { HOME: "/nonexistent" };

test("a pushed image is an artifact, a container image, and what is read back", async (t) => {
  const registry = await TestRegistry.start(t);
  const pushed = await pushImage(PATH, registry.address(), { env, source: "https://example.com/site.git" });
  t.is(pushed.address, `oci://${registry.host}/docs/site@${pushed.digest}`);
  t.is(pushed.commit, commit);
  t.is(pushed.layerWas, "uploaded");
  const { bytes, type } = registry.manifests.get("v1")!;
  t.is(sha256(bytes), pushed.digest);
  t.is(type, "application/vnd.oci.image.manifest.v1+json");
  const manifest = JSON.parse(bytes.toString());
  const layer = registry.blobs.get(manifest.layers[0].digest)!;
  t.true(layer.subarray(1024, 1024 + IMAGE.length).equals(IMAGE));
  const config = JSON.parse(registry.blobs.get(manifest.config.digest)!.toString());
  const created = "2020-10-10T08:00:00Z";
  const author = "Dr. Greenthumb <noreply@cypress.hill>";
  t.deepEqual(config, {
    created,
    author,
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [sha256(layer)] },
    history: [{ created, created_by: "docteur push" }],
  });
  t.deepEqual(manifest, {
    schemaVersion: 2,
    mediaType: type,
    artifactType: "application/vnd.docteur.image.v1",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: manifest.config.digest,
      size: registry.blobs.get(manifest.config.digest)!.length,
    },
    layers: [
      { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: sha256(layer), size: layer.length },
    ],
    annotations: {
      "org.opencontainers.image.created": created,
      "org.opencontainers.image.authors": author,
      "org.opencontainers.image.revision": commit,
      "org.opencontainers.image.source": "https://example.com/site.git",
      "org.opencontainers.image.version": packageJson.version,
      "io.docteur.object-format": "sha1",
      "io.docteur.size": String(IMAGE.length),
      "io.docteur.objects": manifest.annotations["io.docteur.objects"],
    },
  });
  t.regex(manifest.annotations["io.docteur.objects"], /^[1-9]\d*$/);
  await using source = await openOciSource(registry.address(`docs/site@${pushed.digest}`), { env });
  t.deepEqual(Buffer.from(await source.read(0, source.size)), IMAGE);
});

test("the same image has the same digest everywhere, and nothing of it is sent twice", async (t) => {
  const registry = await TestRegistry.start(t);
  const first = await pushImage(PATH, registry.address(), { env });
  const writes = () => registry.seen.filter(({ method }) => !["GET", "HEAD"].includes(method));
  const before = writes().length;
  const again = await pushImage(PATH, registry.address(), { env });
  t.deepEqual({ ...again, layerWas: "" }, { ...first, layerWas: "" });
  t.is(again.layerWas, "unchanged");
  t.is(writes().length, before);
  const tagged = await pushImage(PATH, registry.address("docs/site:v2"), { env });
  t.is(tagged.layerWas, "there");
  t.deepEqual(
    writes()
      .slice(before)
      .map(({ method, url }) => `${method} ${url}`),
    ["PUT /v2/docs/site/manifests/v2"],
  );
  const pinned = await pushImage(PATH, registry.address(`docs/site@${first.digest}`), { env });
  t.is(pinned.layerWas, "unchanged");
  const other = await TestRegistry.start(t);
  t.is((await pushImage(PATH, other.address("a:latest"), { env })).digest, first.digest);
});

test("an image of a SHA-256 repository says so", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "site.img");
  writeFileSync(join(folder, "a.txt"), "a");
  const made = await makeImage({ repository: folder, image, objectFormat: "sha256", exclude: ["*.img"] });
  const registry = await TestRegistry.start(t);
  await pushImage(image, registry.address(), { env });
  const { annotations } = JSON.parse(registry.manifests.get("v1")!.bytes.toString());
  t.is(annotations["org.opencontainers.image.revision"], made.commit);
  t.is(annotations["io.docteur.object-format"], "sha256");
});

test("what is no image, or has another digest than the address, is not pushed", async (t) => {
  const registry = await TestRegistry.start(t);
  const folder = temporaryFolder(t);
  const text = join(folder, "text");
  writeFileSync(text, "no image ".repeat(1000));
  await t.throwsAsync(pushImage(text, registry.address(), { env }), { code: "INVALID_IMAGE" });
  const damaged = join(folder, "damaged.img");
  writeFileSync(
    damaged,
    IMAGE.map((byte, at) => (at < 4 ? byte ^ 1 : byte)),
  );
  await t.throwsAsync(pushImage(damaged, registry.address(), { env }), { code: "INVALID_IMAGE" });
  await t.throwsAsync(pushImage(join(folder, "none"), registry.address(), { env }), {
    code: "IMAGE_NOT_FOUND",
  });
  const other = registry.address(`docs/site@sha256:${"0".repeat(64)}`);
  await t.throwsAsync(pushImage(PATH, other, { env }), {
    code: "BAD_ADDRESS",
    message: /has the digest sha256:/,
  });
  t.is(registry.blobs.size + registry.manifests.size, 0);
});

test("a registry that stores another manifest is reported", async (t) => {
  const registry = await TestRegistry.start(t);
  registry.intercept = (request, response) => {
    if (request.method !== "PUT" || !request.url!.includes("/manifests/")) return false;
    request.resume();
    response.writeHead(201, { "docker-content-digest": `sha256:${"1".repeat(64)}` });
    response.end();
    return true;
  };
  await t.throwsAsync(pushImage(PATH, registry.address(), { env }), {
    code: "SOURCE_MALFORMED",
    message: /111/,
  });
});
