import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { OPENINGS } from "../../../remote/cache/layout.ts";
import { layerHead, layerTail } from "../../../remote/oci/layer.ts";
import { openRemoteImage } from "../../../remote/open.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { startReaders } from "../readers.ts";
import { basicOf, TestRegistry } from "./test-registry.ts";

const BLOCK = 65_536;
const IMAGE = randomBytes(5 * BLOCK);
const LAYER = Buffer.concat([layerHead(IMAGE.length), IMAGE, layerTail(IMAGE.length)]);
const ENV = { HOME: "/nonexistent" };

function ownCache(t: ExecutionContext): string {
  const folder = temporaryFolder(t);
  process.env.XDG_CACHE_HOME = folder;
  return join(folder, "docteur/blocks", OPENINGS);
}

/** Opens an image and reads its first blocks. */
async function read(
  t: ExecutionContext,
  registry: TestRegistry,
  reference: string,
  blocks = 2,
): Promise<void> {
  await using image = await openRemoteImage(registry.address(`docs/site${reference}`), { env: ENV });
  const bytes = await image.read(0, blocks * BLOCK);
  t.true(Buffer.from(bytes).equals(IMAGE.subarray(0, blocks * BLOCK)));
}

/** What the registry is asked for, by the kinds of things; and whether anybody has connected. */
function asked(registry: TestRegistry): string[] {
  const seen = registry.seen.splice(0);
  return seen.map(({ url }) => /manifests|blobs|token/.exec(url)?.[0] ?? url);
}

test.serial(
  "a pinned image whose blocks are kept is read without a request, and without a token",
  async (t) => {
    ownCache(t);
    const registry = await TestRegistry.start(t, { bearer: { expiresIn: 60 } });
    const digest = registry.image("v1", LAYER);
    await read(t, registry, `@${digest}`);
    // A manifest and the start, which bring a token; then the other block.
    t.deepEqual(asked(registry).sort(), ["blobs", "blobs", "manifests", "manifests", "token"]);
    await read(t, registry, `@${digest}`);
    t.deepEqual(asked(registry), []);
    // What is missing is asked for, with a token.
    await read(t, registry, `@${digest}`, 3);
    t.deepEqual(asked(registry), ["blobs", "token", "blobs"]);
    // A tag may be another image's now. That it is the same saves the rest.
    await read(t, registry, ":v1", 3);
    t.deepEqual(asked(registry), ["manifests", "token", "manifests"]);
  },
);

test.serial("a tag is one request, and shows another image at once", async (t) => {
  ownCache(t);
  const registry = await TestRegistry.start(t);
  registry.image("v1", LAYER);
  await read(t, registry, ":v1");
  asked(registry);
  await read(t, registry, ":v1");
  t.deepEqual(asked(registry), ["manifests"]);
  const other = randomBytes(BLOCK);
  registry.image("v1", Buffer.concat([layerHead(other.length), other, layerTail(other.length)]));
  await using image = await openRemoteImage(registry.address("docs/site:v1"), { env: ENV });
  t.is(image.size, other.length);
});

test.serial("a digest that another repository has is asked for there", async (t) => {
  ownCache(t);
  const registry = await TestRegistry.start(t);
  const digest = registry.image("v1", LAYER);
  await read(t, registry, `@${digest}`);
  asked(registry);
  registry.manifests.clear();
  const address = registry.address(`other/site@${digest}`);
  await t.throwsAsync(openRemoteImage(address, { env: ENV }), { code: "SOURCE_NOT_FOUND" });
});

test.serial("what is damaged in the cache, or dropped from it, is asked for anew", async (t) => {
  const folder = ownCache(t);
  const registry = await TestRegistry.start(t);
  const digest = registry.image("v1", LAYER);
  const damages: ((path: string) => void)[] = [
    (path) => writeFileSync(path, ""),
    (path) => writeFileSync(path, readFileSync(path, "utf8").replaceAll(/\d(?=[,}])/g, "-1")),
    (path) => writeFileSync(path, readFileSync(path, "utf8").replace("application", "applikation")),
    (path) => writeFileSync(path, '{"type":"x","text":"{}","offset":0,"size":1e15}'),
    (path) => rmSync(path),
  ];
  for (const damage of damages) {
    await read(t, registry, `@${digest}`);
    const names = readdirSync(folder);
    t.is(names.length, 2);
    for (const name of names) damage(join(folder, name));
    await read(t, registry, `@${digest}`);
  }
  {
    await using image = await openRemoteImage(registry.address(`docs/site@${digest}`), { env: ENV });
    await image.read(0, 1);
    await image.forget();
  }
  asked(registry);
  await read(t, registry, `@${digest}`);
  t.true(asked(registry).includes("blobs"));
});

test.serial(
  "a small layer that comes whole, from a registry without ranges, is read each time",
  async (t) => {
    ownCache(t);
    const registry = await TestRegistry.start(t);
    registry.intercept = (request, response) => {
      if (!request.url!.includes("/blobs/")) return false;
      response.writeHead(200, { "content-length": LAYER.length }).end(LAYER);
      return true;
    };
    const digest = registry.image("v1", LAYER);
    for (let run = 0; run < 2; run++) await read(t, registry, `@${digest}`, 5);
  },
);

test.serial(
  "processes that open a tag at once ask for it once, if they are logged in with the same",
  async (t) => {
    const folder = ownCache(t);
    const registry = await TestRegistry.start(t, { basic: "ada:SECRET-WORD" });
    registry.image("v1", LAYER);
    const [home, other] = [temporaryFolder(t), temporaryFolder(t)];
    const auth = basicOf("ada:SECRET-WORD").slice(6);
    mkdirSync(join(home, ".docker"));
    writeFileSync(
      join(home, ".docker/config.json"),
      JSON.stringify({ auths: { [registry.host]: { auth } } }),
    );
    const { display } = registry.address();
    const printed = await startReaders(t, 9, (n) => ({ args: [display, "2"], home: n < 8 ? home : other }));
    const digest = createHash("sha256")
      .update(IMAGE.subarray(0, 2 * BLOCK))
      .digest("hex");
    t.deepEqual(printed, [...Array(8).fill(digest), "SOURCE_DENIED"]);
    // Each is refused at first, for it says who it is only when it is asked.
    const admitted = registry.seen.filter(({ headers }) => headers.authorization !== undefined);
    t.is(admitted.filter(({ url }) => url.includes("/manifests/")).length, 1);
    t.is(admitted.filter(({ headers }) => headers.range === `bytes=0-${BLOCK + 1023}`).length, 1);
    for (const name of readdirSync(folder)) {
      t.notRegex(name + readFileSync(join(folder, name), "utf8"), new RegExp(`SECRET|${auth}`));
    }
    // A command that is started later asks again.
    registry.seen.length = 0;
    t.deepEqual(await startReaders(t, 1, () => ({ args: [display, "2"], home })), [digest]);
    t.deepEqual(asked(registry), ["manifests", "manifests"]);
  },
);
