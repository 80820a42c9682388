import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { type PullOptions, pullImage } from "../../../image-builder/pull/pull-image.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { SourceError } from "../../../reader/source-error.ts";
import { parseImageAddress } from "../../../remote/address.ts";
import { pushImage } from "../../../remote/oci/push.ts";
import { openSource } from "../../../remote/open.ts";
import { FIXTURES, IMAGES } from "../../fixtures.ts";
import { sendRange, sha256, TestRegistry } from "../../remote/oci/test-registry.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const MIB = 1024 * 1024;
const SMALL = join(FIXTURES, "small.img");
const env = { HOME: "/nonexistent" };

/** An image of some pieces, made once. */
const large = (async () => {
  const { mkdtempSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const folder = mkdtempSync(join(tmpdir(), "docteur pull "));
  mkdirSync(join(folder, "site"));
  writeFileSync(join(folder, "site/random.bin"), randomBytes(11 * MIB));
  const image = join(folder, "site.img");
  const { commit } = await makeImage({ repository: join(folder, "site"), image });
  const bytes = readFileSync(image);
  rmSync(folder, { recursive: true });
  return { bytes, commit };
})();

interface Pulling {
  readonly folder: string;
  readonly image: string;
  readonly registry: TestRegistry;
  readonly bytes: Buffer;
  readonly commit: string;
  pull(options?: Partial<PullOptions>): ReturnType<typeof pullImage>;
  /** The names in the folder, but for the image's own. */
  left(): string[];
  /** Bytes of the layer that were sent. */
  sent(): number;
}

async function start(t: ExecutionContext): Promise<Pulling> {
  const { bytes, commit } = await large;
  const folder = temporaryFolder(t);
  const registry = await TestRegistry.start(t);
  const from = join(temporaryFolder(t), "pushed.img");
  writeFileSync(from, bytes);
  await pushImage(from, registry.address(), { env });
  registry.seen.length = 0;
  const image = join(folder, "my site.img");
  return {
    folder,
    image,
    registry,
    bytes,
    commit,
    async pull(options) {
      await using source = await openSource(registry.address(), { env, deadline: 30 });
      return await pullImage(source, { image, ...options });
    },
    left: () => readdirSync(folder).filter((name) => name !== "my site.img"),
    sent: () =>
      registry.seen.reduce((sum, { url, headers }) => {
        const [, first, last] =
          (url.includes("/blobs/") && /^bytes=(\d+)-(\d+)/.exec(headers.range ?? "")) || [];
        return first === undefined ? sum : sum + Number(last) - Number(first) + 1;
      }, 0),
  };
}

test("an image is pulled whole, and nothing is left beside it", async (t) => {
  const { image, bytes, commit, pull, left } = await start(t);
  const phases: string[] = [];
  const pulled = await pull({ onProgress: (phase) => phases.push(phase) });
  t.true(readFileSync(image).equals(bytes));
  t.like(pulled, { commit, bytes: bytes.length, resumed: 0, verified: true });
  t.deepEqual(left(), []);
  // Verifying reports nothing if it takes less than 50 ms.
  t.regex([...new Set(phases)].join(), /^fetch(,verify)?$/);
});

test("an image that is there stays until the new one is complete, with its mode", async (t) => {
  const { image, bytes, pull, registry, left } = await start(t);
  writeFileSync(image, "before");
  chmodSync(image, 0o640);
  const layer = [...registry.blobs].find(([, blob]) => blob.length > MIB)!;
  registry.blobs.set(layer[0], Buffer.from(layer[1]).fill(1, 5 * MIB, 5 * MIB + 1));
  const error = await t.throwsAsync(pull(), { instanceOf: SourceError, code: "SOURCE_MALFORMED" });
  t.true(error!.message.includes(layer[0]));
  t.is(readFileSync(image, "utf8"), "before");
  t.deepEqual(left(), []);
  registry.blobs.set(...layer);
  await pull();
  t.true(readFileSync(image).equals(bytes));
  t.is(statSync(image).mode & 0o777, 0o640);
});

/** Pulls until some bytes have come, and ends there. */
async function interrupt({ pull }: Pulling, bytes: number): Promise<void> {
  const controller = new AbortController();
  const onProgress = (_: string, done: number) => {
    if (done >= bytes) controller.abort(new Error("ended"));
  };
  await pull({ signal: controller.signal, onProgress }).then(
    () => {
      throw new Error("it was not ended");
    },
    (error) => {
      if (error.message !== "ended") throw error;
    },
  );
}

test("a pull that ends early leaves what the next one goes on with", async (t) => {
  const pulling = await start(t);
  await interrupt(pulling, 4 * MIB);
  const left = pulling.left();
  t.is(left.length, 1);
  t.regex(left[0]!, /^\.my site\.img\.docteur-pull-[0-9a-f]{16}\.part$/);
  t.false(existsSync(pulling.image));
  const { size } = statSync(join(pulling.folder, left[0]!));
  t.true(size >= 4 * MIB && size < pulling.bytes.length);
  pulling.registry.seen.length = 0;
  const { resumed } = await pulling.pull();
  t.is(resumed, size);
  t.true(readFileSync(pulling.image).equals(pulling.bytes));
  t.deepEqual(pulling.left(), []);
  // The start, which opening reads, and what was missing.
  t.true(pulling.sent() < pulling.bytes.length - size + 200_000, `${pulling.sent()}`);
});

test("what a pull has left and somebody has changed is not believed", async (t) => {
  for (const verify of [true, false]) {
    const pulling = await start(t);
    await interrupt(pulling, 4 * MIB);
    const path = join(pulling.folder, pulling.left()[0]!);
    const partial = readFileSync(path);
    writeFileSync(path, partial.fill(0xaa, 1000, 1100));
    await pulling.pull({ verify });
    t.true(readFileSync(pulling.image).equals(pulling.bytes));
    t.deepEqual(pulling.left(), []);
  }
});

test("a file that has another name, too, is not taken for what a pull has left", async (t) => {
  const pulling = await start(t);
  await interrupt(pulling, 4 * MIB);
  const path = join(pulling.folder, pulling.left()[0]!);
  const mine = join(temporaryFolder(t), "mine");
  writeFileSync(mine, "mine");
  rmSync(path);
  linkSync(mine, path);
  t.is((await pulling.pull()).resumed, 0);
  t.true(readFileSync(pulling.image).equals(pulling.bytes));
  t.is(readFileSync(mine, "utf8"), "mine");
});

test("what was left of another image is removed; what another process writes stays", async (t) => {
  const pulling = await start(t);
  const { processName } = await import("../../../reader/process-name.ts");
  const start_ = ".my site.img.docteur-pull-";
  const of = (name: string) => writeFileSync(join(pulling.folder, name), "x");
  of(`${start_}${"0".repeat(16)}.part`);
  of(`${start_}${"1".repeat(16)}-${processName().replace(/\d+$/, "1")}-${"0".repeat(12)}.part`);
  const running = `${start_}${"2".repeat(16)}-${processName()}-${"0".repeat(12)}.part`;
  of(running);
  of(`.other.img.docteur-pull-${"0".repeat(16)}.part`);
  of(`${start_}notes.part`);
  await pulling.pull();
  t.deepEqual(
    pulling.left().toSorted(),
    [`.other.img.docteur-pull-${"0".repeat(16)}.part`, running, `${start_}notes.part`].toSorted(),
  );
});

test("two pulls to one path at once both succeed", async (t) => {
  const pulling = await start(t);
  await interrupt(pulling, 3 * MIB);
  await Promise.all([pulling.pull(), pulling.pull()]);
  t.true(readFileSync(pulling.image).equals(pulling.bytes));
  t.deepEqual(pulling.left(), []);
});

test("a path where no image can be is refused before anything is fetched", async (t) => {
  const { folder, pull, left } = await start(t);
  await t.throwsAsync(pull({ image: folder }), { code: "IMAGE_PATH" });
  await t.throwsAsync(pull({ image: join(folder, "none/x.img") }), { code: "IMAGE_PATH" });
  await t.throwsAsync(pull({ image: `${join(folder, "x")}/` }), { code: "IMAGE_PATH" });
  t.deepEqual(left(), []);
});

/** A server of one file. */
async function serve(
  t: ExecutionContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close().closeAllConnections());
  const address = parseImageAddress(`http://127.0.0.1:${(server.address() as AddressInfo).port}/site.img`);
  if (address.kind !== "http") throw new TypeError();
  return address;
}

test("an image on a server is pulled, verified, and gone on with while it is the same", async (t) => {
  const { bytes, commit } = await large;
  let current = bytes;
  const address = await serve(t, (request, response) => {
    response.setHeader("etag", `"${sha256(current).slice(0, 20)}"`);
    sendRange(request, response, current);
  });
  const image = join(temporaryFolder(t), "x.img");
  const pull = async (options: Partial<PullOptions> = {}) => {
    await using source = await openSource(address, { env, deadline: 30 });
    return await pullImage(source, { image, ...options });
  };
  const pulling = { pull } as unknown as Pulling;
  t.like(await pull(), { commit, digest: undefined });
  t.true(readFileSync(image).equals(bytes));
  await interrupt(pulling, 4 * MIB);
  t.true((await pull()).resumed >= 4 * MIB);
  await interrupt(pulling, 4 * MIB);
  current = Buffer.from(bytes).fill(7, 2 * MIB, 2 * MIB + 10);
  await t.throwsAsync(pull(), { instanceOf: InvalidImageError });
  t.true(readFileSync(image).equals(bytes));
  t.deepEqual(readdirSync(join(image, "..")), ["x.img"]);
  t.like(await pull({ verify: false }), { resumed: 0, verified: false });
  t.true(readFileSync(image).equals(current));
});

test("what is no image is refused before it is downloaded", async (t) => {
  let bytes = 0;
  const page = Buffer.alloc(8 * MIB, "<html>");
  const address = await serve(t, (request, response) => {
    bytes += Number(/-(\d+)$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    sendRange(request, response, page);
  });
  const image = join(temporaryFolder(t), "x.img");
  await using source = await openSource(address, { env });
  await t.throwsAsync(pullImage(source, { image }), { instanceOf: InvalidImageError });
  t.true(bytes < MIB);
  t.deepEqual(readdirSync(join(image, "..")), []);
});

test("what a killed pull of the same image has left is gone on with", async (t) => {
  const pulling = await start(t);
  await interrupt(pulling, 4 * MIB);
  const [kept] = pulling.left();
  const { processName } = await import("../../../reader/process-name.ts");
  const killed = kept!.replace(".part", `-${processName().replace(/\d+$/, "1")}-${"0".repeat(12)}.part`);
  renameSync(join(pulling.folder, kept!), join(pulling.folder, killed));
  t.true((await pulling.pull()).resumed >= 4 * MIB);
  t.deepEqual(pulling.left(), []);
});

test("a fixture of the original's is pushed and pulled as it is", async (t) => {
  const registry = await TestRegistry.start(t);
  for (const [name, { commit }] of IMAGES) {
    await pushImage(join(FIXTURES, name), registry.address(), { env });
    const image = join(temporaryFolder(t), name);
    await using source = await openSource(registry.address(), { env });
    t.is((await pullImage(source, { image })).commit, commit);
    t.true(readFileSync(image).equals(readFileSync(join(FIXTURES, name))), name);
  }
  t.true(existsSync(SMALL));
});
