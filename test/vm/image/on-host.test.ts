import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { parseImageAddress } from "../../../remote/address.ts";
import { type RunOptions, runOnHost } from "../../../vm/commands.ts";
import { MemoryImage, serve } from "../../remote/nbd/served.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { useOwnCache } from "../cache-sandbox.ts";
import { Collector, descendants } from "../fixture.ts";
import { flaky, gone, serveImage } from "./image-server.ts";

useOwnCache(test);

async function run(options: Partial<RunOptions> & { readonly image: string }) {
  const [stdout, stderr] = [new Collector(), new Collector()];
  const common = { program: "cat", args: ["/big.bin"], cacheSize: 0, stdout, stderr };
  const status = await runOnHost({ ...common, ...options });
  return { status, stdout: stdout.bytes, stderr: stderr.text };
}

test.afterEach((t) => t.deepEqual(descendants(process.pid), []));

test.serial("a process reads what lies at an address, whatever its server does in between", async (t) => {
  const image = await serveImage(t);
  image.misbehave = flaky;
  const { files } = image.version;
  const { status, stdout, stderr } = await run({ image: image.url, args: ["/nope", ...files.keys()] });
  t.deepEqual(stdout, Buffer.concat([...files.values()]));
  t.regex(stderr, /^cat: \/nope: [^\n]+\n$/);
  t.is(status, 1);
  // No connection is left.
  while (image.sockets.size > 0) await new Promise(setImmediate);
});

test.serial("it reads an export of an NBD server, too", async (t) => {
  const { version, content } = await serveImage(t);
  const { display } = await serve(t, new MemoryImage(content), { exportName: "site" });
  const { stdout } = await run({ image: display });
  t.deepEqual(stdout, version.files.get("/big.bin"));
});

test.serial(
  "a server that is gone in the middle ends the program, with the server's error alone",
  async (t) => {
    const image = await serveImage(t);
    image.misbehave = (request, response, number) => number > 1 && gone(request, response, number);
    const stderr = new Collector();
    const failing = run({ image: `${image.url}?sig=SECRET`, deadline: 1, stderr });
    const error = await t.throwsAsync(failing, { instanceOf: SourceError });
    t.true(error!.message.startsWith(`${image.url}?...: `), error!.message);
    t.is(stderr.text, "");
  },
);

test.serial("a program of the user's own may do without what cannot be read", async (t) => {
  const image = await serveImage(t);
  const program = join(temporaryFolder(t), "try.mjs");
  const text = `export default (context) => {
    try { return context.store.get("/big.bin") && 0; }
    catch (error) { context.console.error(error.code + "\\n"); return Number(context.args[0]); }
  };`;
  writeFileSync(program, text);
  for (const status of [0, 3]) {
    const before = image.requests.length;
    image.misbehave = (request, response, number) => number > before + 1 && gone(request, response, number);
    const stderr = new Collector();
    const running = run({
      image: image.url,
      program,
      check: false,
      args: [String(status)],
      deadline: 1,
      stderr,
    });
    if (status === 0) t.is((await running).status, 0);
    else await t.throwsAsync(running, { instanceOf: SourceError });
    t.is(stderr.text, "SOURCE_UNREACHABLE\n");
  }
});

test.serial("what a server sent wrong is fetched anew in the next run", async (t) => {
  const image = await serveImage(t);
  const right = image.content;
  const wrong = Buffer.from(right);
  // The large file takes most of the image.
  wrong[right.length >> 1]! ^= 1;
  image.misbehave = () => {
    image.content = image.requests.length > 1 ? wrong : right;
    return false;
  };
  const options = { image: image.url, cacheSize: undefined };
  const first = await run(options).catch((error) => error);
  if (first instanceof Error) t.fail(first.message);
  t.is(first.status, 1);
  t.regex(
    first.stderr,
    /^cat: invalid image: [^\n]+\ndocteur: http:[^\n]+ is dropped: run it again[^\n]+\n$/,
  );
  image.misbehave = () => false;
  image.content = right;
  const second = await run(options);
  t.is(second.status, 0, second.stderr);
  t.deepEqual(second.stdout, image.version.files.get("/big.bin"));
});

test.serial("an address that is no image, or is not there, is reported without a process", async (t) => {
  const image = await serveImage(t);
  await t.throwsAsync(run({ image: "rbd:pool/image" }), { code: "SOURCE_UNSUPPORTED" });
  await t.throwsAsync(run({ image: "http://" }), { code: "BAD_ADDRESS" });
  image.misbehave = (_request, response) => response.writeHead(404).end() !== undefined;
  await t.throwsAsync(run({ image: image.url }), { code: "SOURCE_NOT_FOUND" });
  image.misbehave = () => false;
  image.content = Buffer.alloc(5000);
  await t.throwsAsync(run({ image: image.url }), {
    code: "INVALID_IMAGE",
    message: `${parseImageAddress(image.url).kind === "http" && image.url}: invalid image: the index offset 0 lies outside the image's 5000 bytes (at byte 20)`,
  });
});
