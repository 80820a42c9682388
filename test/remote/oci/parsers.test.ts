import test from "ava";
import fc from "fast-check";
import { SourceError } from "../../../reader/source-error.ts";
import { parseChallenges } from "../../../remote/oci/challenge.ts";
import { isDigest } from "../../../remote/oci/digest.ts";
import { findImage, HEAD_SIZE, layerHead, layerTail } from "../../../remote/oci/layer.ts";
import { parseManifest } from "../../../remote/oci/manifest.ts";
import { decodeTarHeader, encodeTarHeader, TAR_BLOCK } from "../../../remote/oci/tar-header.ts";
import { command } from "../../scripts/docteur.ts";

const parsed = (field: string | string[]) =>
  parseChallenges(field).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test("challenges are read as RFC 9110 has them", (t) => {
  t.deepEqual(parsed('Bearer realm="https://a/t",service="s, one",scope="repository:a:pull,push"'), [
    ["bearer", { realm: "https://a/t", service: "s, one", scope: "repository:a:pull,push" }],
  ]);
  t.deepEqual(parsed('Basic realm="a \\"b\\"", Bearer realm = x , error=insufficient_scope'), [
    ["basic", { realm: 'a "b"' }],
    ["bearer", { realm: "x", error: "insufficient_scope" }],
  ]);
  t.deepEqual(parsed("Negotiate, NTLM abc==, BASIC realm=x"), [
    ["negotiate", {}],
    ["ntlm", {}],
    ["basic", { realm: "x" }],
  ]);
  t.deepEqual(parsed(["Basic realm=a", "Bearer realm=b"]), [
    ["basic", { realm: "a" }],
    ["bearer", { realm: "b" }],
  ]);
  t.deepEqual(parsed(""), []);
  t.deepEqual(parseChallenges(undefined), []);
});

test("any field gives challenges or none, soon", (t) => {
  const piece = fc.constantFrom(
    "Bearer",
    "Basic",
    " ",
    ",",
    "=",
    '"',
    "\\",
    "realm",
    "a",
    "==",
    "\t",
    "ü",
    "\0",
  );
  const field = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(piece, { maxLength: 200 }).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(field, (text) => {
      for (const { scheme, parameters } of parseChallenges(text)) {
        t.regex(scheme, /^[^\s,="]+$/);
        for (const name of parameters.keys()) t.regex(name, /^[^\s,="]+$/);
      }
    }),
    { numRuns: 2000 },
  );
  for (const text of ['a="', "a=\\", "Bearer a", ",", ' x="\\"', "= ,"]) parseChallenges(text.repeat(50_000));
  t.pass();
});

test("a header is read as it was written, of any size", (t) => {
  const size = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 8 ** 11 - 1, 8 ** 11, 2 ** 53 - 1));
  fc.assert(
    fc.property(size, fc.constantFrom("0" as const, "5" as const), (bytes, type) => {
      const block = encodeTarHeader({ name: "disk/disk.img", size: bytes, type, owner: 107 });
      t.is(block.length, TAR_BLOCK);
      t.deepEqual(decodeTarHeader(block), { name: "disk/disk.img", size: bytes, type });
    }),
  );
});

test("a layer is an archive as tar reads it, with the image at byte 1024", async (t) => {
  const image = Buffer.alloc(70_001, "image");
  const layer = Buffer.concat([layerHead(image.length), image, layerTail(image.length)]);
  t.is(layer.length % TAR_BLOCK, 0);
  const listed = await command("tar", ["--numeric-owner", "-tv"], { input: layer });
  t.is(listed.stderr, "");
  t.is(
    listed.stdout
      .toString()
      .replace(/ +/g, " ")
      .replace(/ \d\d:\d\d/g, ""),
    "dr-xr-xr-x 107/107 0 1970-01-01 disk/\n-r--r--r-- 107/107 70001 1970-01-01 disk/disk.img\n",
  );
  const content = await command("tar", ["-xO", "disk/disk.img"], { input: layer });
  t.true(content.stdout.equals(image));
  const read = async (offset: number, length: number) => layer.subarray(offset, offset + length);
  t.deepEqual(await findImage(read, layer.length, "x"), { offset: HEAD_SIZE, size: image.length });
});

test("an image of more than 8 GiB has a header that tar reads, too", async (t) => {
  const size = 13.6e9;
  const listed = await command("tar", ["-tv"], { input: layerHead(size) });
  t.regex(listed.stdout.toString(), / 13600000000 .* disk\/disk\.img\n/);
});

test("an archive that is damaged anywhere gives an image within it, or a SourceError", async (t) => {
  const layer = Buffer.concat([layerHead(2000), Buffer.alloc(2000, 7), layerTail(2000)]);
  const change = fc.tuple(fc.nat(1023), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(layer.length),
      fc.boolean(),
      async (changes, length, sums) => {
        const damaged = Buffer.from(layer.subarray(0, length));
        for (const [at, byte] of changes) if (at < length) damaged[at] = byte;
        if (sums)
          for (const at of [0, 512]) if (at + 512 <= length) putChecksum(damaged.subarray(at, at + 512));
        const read = async (offset: number, count: number) => damaged.subarray(offset, offset + count);
        try {
          const { offset, size } = await findImage(read, length, "x");
          t.true(offset >= 512 && size >= 0 && offset + size <= length);
        } catch (error) {
          t.true(error instanceof SourceError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

function putChecksum(block: Buffer): void {
  block.fill(" ", 148, 156);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
}

test("any manifest is parsed, or refused by a SourceError", (t) => {
  const digest = `sha256:${"0".repeat(64)}`;
  const descriptor = fc.oneof(
    {
      arbitrary: fc.record({ mediaType: fc.string(), digest: fc.constant(digest), size: fc.nat() }),
      weight: 20,
    },
    { arbitrary: fc.jsonValue(), weight: 1 },
  );
  const manifest = fc.record(
    {
      mediaType: fc.constantFrom(
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "x",
      ),
      config: descriptor,
      layers: fc.oneof(fc.array(descriptor, { maxLength: 4 }), fc.jsonValue()),
      manifests: fc.oneof(fc.array(descriptor, { maxLength: 4 }), fc.jsonValue()),
      annotations: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    manifest.map((each) => JSON.stringify(each)),
    fc.json(),
    fc.string(),
  );
  let count = 0;
  fc.assert(
    fc.property(text, (json) => {
      try {
        const found = parseManifest(Buffer.from(json), "application/json", "oci://r/n:t");
        const parts = found.kind === "image" ? [found.config, ...found.layers] : found.manifests;
        for (const part of parts) t.true(isDigest(part.digest) && Number.isSafeInteger(part.size));
        if (found.kind === "image")
          for (const value of found.annotations.values()) t.is(typeof value, "string");
        count++;
      } catch (error) {
        t.true(error instanceof SourceError, String(error));
      }
    }),
    { numRuns: 2000, seed: 42 },
  );
  t.true(count > 50, `${count} were manifests`);
});
