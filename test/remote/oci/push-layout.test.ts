import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { pushLayout } from "../../../remote/oci/push-layout.ts";
import { writeOciLayout } from "../../../vm/export/oci-layout.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { sha256, TestRegistry } from "./test-registry.ts";

const env = { HOME: "/nonexistent" };
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** A layout with two layers of a file each. @returns its folder, and the digest of its manifest. */
async function layout(t: ExecutionContext) {
  const folder = join(temporaryFolder(t), "machine");
  const entry = (name: string, content: string) => {
    const source = join(temporaryFolder(t), name);
    writeFileSync(source, content);
    return [{ name, source, owner: 0 }];
  };
  const layers = [entry("kernel", "k".repeat(3_000_000)), entry("root", "root disk")];
  const digest = await writeOciLayout(folder, { tag: "v1", layers, config: {} });
  const blob = (digest: string) => join(folder, "blobs", digest.replace(":", "/"));
  const manifest = JSON.parse(readFileSync(blob(digest), "utf8"));
  return { folder, digest, manifest, blob };
}

test("a layout is pushed as it is, and what the registry has is not sent again", async (t) => {
  const registry = await TestRegistry.start(t);
  const { folder, digest, manifest, blob } = await layout(t);
  const phases = new Map<string, [number, number]>();
  const onProgress = (phase: string, done: number, total: number) => phases.set(phase, [done, total]);
  const pushed = await pushLayout(folder, registry.address(), { env, onProgress });
  const { layers, config } = manifest;
  const size = [...layers, config].reduce((sum: number, { size }) => sum + size, 0);
  t.deepEqual(pushed, {
    address: `oci://${registry.host}/docs/site@${digest}`,
    digest,
    size,
    uploaded: size,
  });
  t.deepEqual(
    [...phases.entries()],
    [
      ["hash", [size, size]],
      ["upload", [size, size]],
    ],
  );
  const { bytes, type } = registry.manifests.get("v1")!;
  t.is(sha256(bytes), digest);
  t.is(type, MANIFEST);
  for (const { digest } of [...layers, config])
    t.true(registry.blobs.get(digest)!.equals(readFileSync(blob(digest))));
  const { received } = registry;
  const again = await pushLayout(folder, registry.address(), { env });
  t.is(again.uploaded, 0);
  registry.blobs.delete(layers[1].digest);
  const other = await pushLayout(folder, registry.address("docs/site:v2"), { env });
  t.is(other.uploaded, layers[1].size);
  t.is(registry.received, received + layers[1].size);
});

test("a layout that is damaged, or has not one image, is not pushed", async (t) => {
  const registry = await TestRegistry.start(t);
  const cases: readonly [what: string, harm: (made: Awaited<ReturnType<typeof layout>>) => void, RegExp][] = [
    ["no layout", ({ folder }) => rmSync(join(folder, "oci-layout")), /it has no file oci-layout/],
    [
      "another version",
      ({ folder }) => writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}'),
      /its version is not 1\.0\.0/,
    ],
    ["no index", ({ folder }) => rmSync(join(folder, "index.json")), /it has no file index\.json/],
    [
      "a folder in its place",
      ({ folder }) => {
        rmSync(join(folder, "index.json"));
        mkdirSync(join(folder, "index.json"));
      },
      /index\.json is no file/,
    ],
    ["no JSON", ({ folder }) => writeFileSync(join(folder, "index.json"), "{"), /no list of images/],
    [
      "no images",
      ({ folder }) => writeFileSync(join(folder, "index.json"), '{"manifests":[]}'),
      /it has 0 images/,
    ],
    [
      "two images",
      ({ folder }) =>
        writeFileSync(join(folder, "index.json"), '{"manifests":[{"digest":"a"},{"digest":"b"}]}'),
      /it has 2 images/,
    ],
    [
      "a path for a digest",
      ({ folder }) =>
        writeFileSync(join(folder, "index.json"), '{"manifests":[{"digest":"sha256:../x","mediaType":"a"}]}'),
      /no digest/,
    ],
    ["a damaged manifest", ({ blob, digest }) => flip(blob(digest)), /the manifest sha256:\w+ is damaged/],
    [
      "a damaged blob",
      ({ blob, manifest }) => flip(blob(manifest.layers[1].digest)),
      /the blob sha256:\w+ is damaged/,
    ],
    [
      "a short blob",
      ({ blob, manifest }) => truncateSync(blob(manifest.layers[0].digest), 512),
      /the blob sha256:\w+ is of another size/,
    ],
    [
      "no config",
      ({ blob, manifest }) => rmSync(blob(manifest.config.digest)),
      /it has no file blobs\/sha256\/\w+$/,
    ],
    [
      "a FIFO for a blob",
      ({ blob, manifest }) => {
        rmSync(blob(manifest.layers[1].digest));
        execFileSync("mkfifo", [blob(manifest.layers[1].digest)]);
      },
      /blobs\/sha256\/\w+ is no file/,
    ],
    [
      "a manifest with a digest of SHA-512",
      ({ folder }) => {
        const manifests = [{ digest: `sha512:${"0".repeat(128)}`, mediaType: "a" }];
        writeFileSync(join(folder, "index.json"), JSON.stringify({ manifests }));
      },
      /no digest of SHA-256/,
    ],
    [
      "a type that is none",
      (made) => replaceManifest(made, {}, `${MANIFEST}\r\nx: y`),
      /index\.json has another type than its manifest/,
    ],
    [
      "a layer of two sizes",
      (made) => {
        const { layers } = made.manifest;
        replaceManifest(made, { layers: [...layers, { ...layers[0], size: 5 }] });
      },
      /the blob sha256:\w+ is of another size/,
    ],
    ["an index of platforms", (made) => replaceManifest(made, { manifests: [] }), /is a list of images/],
    ["another manifest", (made) => replaceManifest(made, { layers: 1 }), /malformed/],
  ];
  for (const [what, harm, message] of cases) {
    const made = await layout(t);
    harm(made);
    const error = await t.throwsAsync(pushLayout(made.folder, registry.address(), { env }), {
      code: "OCI_LAYOUT_INVALID",
      message,
    });
    t.true(error?.message.startsWith(`${made.folder}: `), what);
  }
  const { folder } = await layout(t);
  await t.throwsAsync(pushLayout(folder, registry.address(`docs/site@sha256:${"0".repeat(64)}`), { env }), {
    code: "BAD_ADDRESS",
  });
  t.is(registry.blobs.size + registry.manifests.size, 0);
});

test("an image of a layout may have several names", async (t) => {
  const registry = await TestRegistry.start(t);
  const { folder, digest } = await layout(t);
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
  writeFileSync(
    join(folder, "index.json"),
    JSON.stringify({ manifests: [...index.manifests, ...index.manifests] }),
  );
  t.is((await pushLayout(folder, registry.address(), { env })).digest, digest);
});

test("a blob that changes while it is pushed ends the push", async (t) => {
  const registry = await TestRegistry.start(t);
  for (const [what, change] of [
    ["other bytes", (path: string) => writeFileSync(path, readFileSync(path).fill(1))],
    ["another file", (path: string) => renameSync(path.replace("blobs", "copy"), path)],
    ["a FIFO", (path: string) => execFileSync("sh", ["-c", 'rm "$1"; mkfifo "$1"', "sh", path])],
    ["nothing", rmSync],
  ] as const) {
    const { folder, blob, manifest } = await layout(t);
    const path = blob(manifest.layers[1].digest);
    mkdirSync(join(folder, "copy/sha256"), { recursive: true });
    copyFileSync(path, path.replace("blobs", "copy"));
    let isChanged = false;
    registry.intercept = ({ method }) => {
      if (method === "POST" && !isChanged) {
        isChanged = true;
        change(path);
      }
      return false;
    };
    const code = ["a FIFO", "nothing"].includes(what) ? "OCI_LAYOUT_INVALID" : "FILE_CHANGED";
    await t.throwsAsync(pushLayout(folder, registry.address(), { env }), { code }, what);
    t.is(registry.uploads.size, 0, what);
    registry.blobs.clear();
  }
  t.is(registry.manifests.size, 0);
});

test("an end by the signal leaves no upload", async (t) => {
  const registry = await TestRegistry.start(t);
  const { folder } = await layout(t);
  for (const phase of ["hash", "upload"]) {
    const abort = new AbortController();
    const onProgress = (now: string) => now === phase && abort.abort(new Error("enough"));
    const { signal } = abort;
    await t.throwsAsync(pushLayout(folder, registry.address(), { env, signal, onProgress }), {
      message: "enough",
    });
    t.is(registry.uploads.size, 0, phase);
  }
  t.is(registry.manifests.size, 0);
});

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
}

function replaceManifest(
  { folder, blob, manifest }: Awaited<ReturnType<typeof layout>>,
  changes: object,
  mediaType = MANIFEST,
): void {
  const text = JSON.stringify({
    ...manifest,
    ...changes,
    ...("manifests" in changes && { mediaType: "application/vnd.oci.image.index.v1+json" }),
  });
  const digest = sha256(Buffer.from(text));
  writeFileSync(join(folder, "manifest"), text);
  copyFileSync(join(folder, "manifest"), blob(digest));
  const index = { manifests: [{ mediaType, digest }] };
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
}
