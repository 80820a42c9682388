import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { SourceError } from "../../../reader/source-error.ts";
import { layerHead, layerTail } from "../../../remote/oci/layer.ts";
import { openOciSource } from "../../../remote/oci/open.ts";
import { encodeTarHeader } from "../../../remote/oci/tar-header.ts";
import { FIXTURES } from "../../fixtures.ts";
import { end, sendRange, sha256, TestRegistry } from "./test-registry.ts";

const IMAGE = readFileSync(join(FIXTURES, "small.img"));
/** No login of who runs the tests counts. */
const ENV = { HOME: "/nonexistent" };

function layerOf(image: Uint8Array): Buffer {
  return Buffer.concat([layerHead(image.length), image, layerTail(image.length)]);
}

test("an image is read by ranges, under the digest of its layer", async (t) => {
  const image = Buffer.alloc(300_000).map((_, i) => (i * 7) ^ (i >> 8));
  const registry = await TestRegistry.start(t);
  const layer = layerOf(image);
  registry.image("v1", layer);
  await using source = await openOciSource(registry.address(), { env: ENV });
  t.is(source.size, image.length);
  t.is(source.key, `oci:${registry.host}/${sha256(layer)}`);
  t.is(source.display, `oci://${registry.host}/docs/site:v1`);
  t.deepEqual(Buffer.from(source.start), image.subarray(0, 64 * 1024));
  await fc.assert(
    fc.asyncProperty(fc.nat(image.length), fc.nat(70_000), async (offset, wanted) => {
      const length = Math.min(wanted, image.length - offset);
      const bytes = await source.read(offset, length);
      return Buffer.from(bytes).equals(image.subarray(offset, offset + length));
    }),
    { numRuns: 30 },
  );
  await t.throwsAsync(async () => await source.read(image.length - 1, 2), { instanceOf: RangeError });
  // Manifest and start are one request each, after the look whether there is TLS.
  t.is(registry.seen.filter(({ url }) => url.includes("/manifests/")).length, 1);
  t.is(registry.seen[0]!.headers.accept!.split(", ").length, 4);
});

test("two tags and a digest of one image have one key", async (t) => {
  const registry = await TestRegistry.start(t);
  const digest = registry.image("v1", layerOf(IMAGE));
  registry.image("v2", layerOf(IMAGE));
  for (const reference of [":v1", ":v2", `@${digest}`]) {
    await using source = await openOciSource(registry.address(`docs/site${reference}`), { env: ENV });
    t.is(source.key, `oci:${registry.host}/${sha256(layerOf(IMAGE))}`);
    t.is(source.digest, digest);
    t.deepEqual(Buffer.from(await source.read(0, source.size)), IMAGE);
  }
});

test("a manifest that has not the digest of the address, or the one that the registry names, is refused", async (t) => {
  const registry = await TestRegistry.start(t);
  const digest = registry.image("v1", layerOf(IMAGE));
  const other = registry.image("v2", layerOf(Buffer.alloc(512)));
  registry.manifests.set(digest, registry.manifests.get(other)!);
  const error = await t.throwsAsync(openOciSource(registry.address(`docs/site@${digest}`), { env: ENV }), {
    instanceOf: SourceError,
    code: "SOURCE_MALFORMED",
  });
  t.true(error!.message.includes(digest) && error!.message.includes(other));
  registry.intercept = (request, response) => {
    if (!request.url!.endsWith("/manifests/v1")) return false;
    response.writeHead(200, { "docker-content-digest": digest, "content-type": "application/json" });
    response.end("{}");
    return true;
  };
  await t.throwsAsync(openOciSource(registry.address(), { env: ENV }), { code: "SOURCE_MALFORMED" });
});

test("a digest of an unknown algorithm is refused, since it cannot be verified", async (t) => {
  const registry = await TestRegistry.start(t);
  const address = registry.address(`docs/site@md5:${"0".repeat(32)}`);
  await t.throwsAsync(openOciSource(address, { env: ENV }), {
    code: "SOURCE_UNSUPPORTED",
    message: /sha256:/,
  });
});

test("of an index the image for linux/amd64 is taken, or the only one", async (t) => {
  const registry = await TestRegistry.start(t);
  const digest = registry.image("v1", layerOf(IMAGE));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const type = "application/vnd.oci.image.index.v1+json";
  const entry = (platform?: object, named = digest) => ({ mediaType, digest: named, size: 1, platform });
  const arm = { os: "linux", architecture: "arm64" };
  const amd = { os: "linux", architecture: "amd64" };
  const put = (reference: string, ...manifests: object[]) =>
    registry.manifest(reference, { schemaVersion: 2, mediaType: type, manifests }, type);
  put("both", entry(arm, sha256(Buffer.from("x"))), entry(amd));
  put("one", entry());
  put("none", entry(arm), entry(arm));
  put("nested", entry(amd, put("inner", entry(amd))));
  for (const tag of ["both", "one"]) {
    await using source = await openOciSource(registry.address(`docs/site:${tag}`), { env: ENV });
    t.deepEqual(Buffer.from(await source.read(0, 100)), IMAGE.subarray(0, 100));
  }
  for (const tag of ["none", "nested"]) {
    const opening = openOciSource(registry.address(`docs/site:${tag}`), { env: ENV });
    await t.throwsAsync(opening, { code: "SOURCE_UNSUPPORTED" }, tag);
  }
});

test("a disk in a container image of somebody else's is found behind other entries", async (t) => {
  const registry = await TestRegistry.start(t);
  const entry = (name: string, content: Uint8Array, type: "0" | "5" = "0") =>
    Buffer.concat([
      encodeTarHeader({ name, size: content.length, type, owner: 0 }),
      content,
      Buffer.alloc((512 - (content.length % 512)) % 512),
    ]);
  const record = (text: string) => {
    let length = text.length + 3;
    while (`${length} ${text}\n`.length !== length) length++;
    return `${length} ${text}\n`;
  };
  const pax = Buffer.from(record("path=./disk/site.img") + record(`size=${IMAGE.length}`));
  const extended = entry("x", pax);
  extended[156] = "x".charCodeAt(0);
  const sum = extended
    .subarray(0, 512)
    .reduce((all, byte, at) => all + (at < 148 || at >= 156 ? byte : 32), 0);
  extended.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  const layer = Buffer.concat([
    entry("etc/", Buffer.alloc(0), "5"),
    entry("etc/passwd", Buffer.from("root:x:0:0")),
    extended,
    entry("short-name", IMAGE),
    Buffer.alloc(1024),
  ]);
  registry.image("v1", layer, "application/vnd.docker.image.rootfs.diff.tar");
  await using source = await openOciSource(registry.address(), { env: ENV });
  t.is(source.size, IMAGE.length);
  t.deepEqual(Buffer.from(await source.read(0, source.size)), IMAGE);
});

test("what has no disk that can be read by ranges is refused in a line that says why", async (t) => {
  const registry = await TestRegistry.start(t);
  const tar = "application/vnd.oci.image.layer.v1.tar";
  const cases: [string, Uint8Array, string, RegExp][] = [
    ["gzip", layerOf(IMAGE), `${tar}+gzip`, /compressed.*docteur push/],
    ["other", layerOf(IMAGE), "application/octet-stream", /of type application\/octet-stream/],
    ["empty", Buffer.alloc(2048), tar, /no file in \/disk/],
    ["nothing", Buffer.alloc(0), tar, /no disk/],
    ["noise", Buffer.alloc(2048, 7), tar, /no tar header/],
    ["raw", IMAGE, tar, /no tar header/],
    ["short", layerOf(IMAGE).subarray(0, IMAGE.length), tar, /longer than the layer/],
  ];
  for (const [tag, layer, type, message] of cases) {
    registry.image(tag, layer, type);
    const opening = openOciSource(registry.address(`docs/site:${tag}`), { env: ENV });
    await t.throwsAsync(opening, { instanceOf: SourceError, code: "SOURCE_UNSUPPORTED", message }, tag);
  }
});

test("manifests that lie are refused", async (t) => {
  const registry = await TestRegistry.start(t);
  const digest = registry.blob(layerOf(IMAGE));
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: layerOf(IMAGE).length };
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 2 };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const cases: [string, unknown, string][] = [
    ["two", { mediaType, config, layers: [layer, layer] }, "SOURCE_UNSUPPORTED"],
    ["none", { mediaType, config, layers: [] }, "SOURCE_UNSUPPORTED"],
    ["size", { mediaType, config, layers: [{ ...layer, size: layer.size - 512 }] }, "SOURCE_MALFORMED"],
    ["larger", { mediaType, config, layers: [{ ...layer, size: layer.size + 512 }] }, "SOURCE_MALFORMED"],
    ["negative", { mediaType, config, layers: [{ ...layer, size: -1 }] }, "SOURCE_MALFORMED"],
    ["digest", { mediaType, config, layers: [{ ...layer, digest: "sha256:../../x" }] }, "SOURCE_MALFORMED"],
    ["list", { mediaType, config, layers: "all" }, "SOURCE_MALFORMED"],
    ["array", [1], "SOURCE_MALFORMED"],
    ["type", { mediaType: "application/vnd.cncf.helm.config.v1+json" }, "SOURCE_UNSUPPORTED"],
  ];
  for (const [tag, manifest, code] of cases) {
    registry.manifest(tag, manifest);
    const opening = openOciSource(registry.address(`docs/site:${tag}`), { env: ENV, deadline: 2 });
    await t.throwsAsync(opening, { instanceOf: SourceError, code }, tag);
  }
  registry.intercept = (request, response) => {
    if (!request.url!.includes("/manifests/")) return false;
    response.writeHead(200, { "content-type": mediaType });
    response.end(Buffer.alloc(5 * 1024 * 1024, " "));
    return true;
  };
  await t.throwsAsync(openOciSource(registry.address(), { env: ENV }), { code: "SOURCE_UNSUPPORTED" });
});

test("a registry without ranges is no source, unless the layer is small", async (t) => {
  const registry = await TestRegistry.start(t);
  registry.image("small", layerOf(IMAGE));
  registry.image("large", layerOf(Buffer.alloc(2 * 1024 * 1024)));
  registry.intercept = (request, response) => {
    const digest = /blobs\/(.*)$/.exec(request.url!)?.[1];
    if (digest === undefined) return false;
    delete request.headers.range;
    sendRange(request, response, registry.blobs.get(digest)!);
    return true;
  };
  await using source = await openOciSource(registry.address("docs/site:small"), { env: ENV });
  t.deepEqual(Buffer.from(await source.read(0, source.size)), IMAGE);
  const opening = openOciSource(registry.address("docs/site:large"), { env: ENV });
  await t.throwsAsync(opening, { code: "SOURCE_UNSUPPORTED", message: /ranges/ });
});

test("a tag that is not there, and a registry that is not there, are told apart", async (t) => {
  const registry = await TestRegistry.start(t);
  await t.throwsAsync(openOciSource(registry.address(), { env: ENV }), { code: "SOURCE_NOT_FOUND" });
  registry.intercept = (_, response) => {
    end(response, 503);
    return true;
  };
  await t.throwsAsync(openOciSource(registry.address(), { env: ENV, deadline: 1 }), {
    code: "SOURCE_UNREACHABLE",
  });
});

test("names of Docker Hub lead to its registry", async (t) => {
  const { repositoryAt } = await import("../../../remote/oci/docker-hub.ts");
  t.deepEqual(repositoryAt("docker.io", "debian"), { host: "registry-1.docker.io", name: "library/debian" });
  t.deepEqual(repositoryAt("docker.io", "me/site"), { host: "registry-1.docker.io", name: "me/site" });
  t.deepEqual(repositoryAt("ghcr.io", "debian"), { host: "ghcr.io", name: "debian" });
});
