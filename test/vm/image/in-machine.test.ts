import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { printCommand, type RunOptions } from "../../../vm/commands.ts";
import { fileDisk } from "../../../vm/image/file-disk.ts";
import { boot } from "../../../vm/index.ts";
import { prepareMachine } from "../../../vm/prepare.ts";
import { startFromTemplate } from "../../../vm/template/start.ts";
import { MemoryImage, serve } from "../../remote/nbd/served.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { Collector, descendants, SMALL, SMALL_FILES } from "../fixture.ts";
import { named, runNoting, useOwnTemplates } from "../template-sandbox.ts";
import { flaky, gone, type ServedImage, serveImage } from "./image-server.ts";

const { cache, bundle } = useOwnTemplates(test);

const run = (options: Partial<RunOptions>) =>
  runNoting({ bundle, cacheSize: 0, args: ["/big.bin"], ...options });

const WARM = "docteur: started from a template";

/** Asserts that nothing is left of a run, and that the next run starts from the template as before. */
async function leavesNothing(t: ExecutionContext, image: ServedImage): Promise<void> {
  t.deepEqual(descendants(process.pid), []);
  while (image.sockets.size > 0) await new Promise(setImmediate);
  image.misbehave = () => false;
  const { notes, stdout } = await run({ image: image.url });
  t.deepEqual(notes, [WARM]);
  t.deepEqual(stdout, image.version.files.get("/big.bin"));
}

test.serial("the first machine takes a template, even if its own image cannot be opened", async (t) => {
  const missing = join(temporaryFolder(t), "missing");
  const note = () => {};
  const machine = await prepareMachine({ bundle }, async () => fileDisk(missing), note);
  const options = { seconds: 600, note, detail: note };
  for (const before of [0, 1]) {
    t.is((await named(cache, "template-")).length, before);
    await t.throwsAsync(startFromTemplate(machine, options), {
      code: "IMAGE_UNREADABLE",
      message: `${missing}: QEMU cannot open it: Could not open '${missing}': No such file or directory`,
    });
  }
  t.deepEqual((await run({ image: SMALL, args: ["/README.md"] })).notes, [WARM]);
  t.deepEqual(await named(cache, "no-template"), []);
});

test.serial("a machine reads what lies at an address, whatever its server does in between", async (t) => {
  const image = await serveImage(t);
  image.misbehave = flaky;
  const { files } = image.version;
  const { status, stdout, errors, notes } = await run({ image: image.url, args: ["/nope", ...files.keys()] });
  t.deepEqual(stdout, Buffer.concat([...files.values()]));
  t.regex(errors, /^cat: \/nope: [^\n]+$/m);
  t.is(status, 1);
  t.true(notes.includes(WARM));
  t.is((await run({ image: image.url, program: "ls", args: ["-R", "/"] })).status, 0);
  await leavesNothing(t, image);
});

test.serial("a server that is gone in the middle is one error, and costs no template", async (t) => {
  const image = await serveImage(t);
  const templates = await named(cache, "template-");
  image.misbehave = (request, response, number) => number > 1 && gone(request, response, number);
  const stderr = new Collector();
  const options = { image: `${image.url}?sig=SECRET`, deadline: 2, verbose: false, stderr };
  const error = await t.throwsAsync(run(options), { instanceOf: SourceError });
  t.true(error!.message.startsWith(`${image.url}?...: `), error!.message);
  t.is(stderr.text, "");
  t.deepEqual(await named(cache, "template-"), templates);
  await leavesNothing(t, image);
});

test.serial("a server that stalls in the middle is reported after the deadline", async (t) => {
  const image = await serveImage(t);
  image.misbehave = (_request, _response, number) => number > 1;
  await t.throwsAsync(run({ image: image.url, deadline: 2 }), {
    instanceOf: SourceError,
    code: "SOURCE_TIMEOUT",
  });
  await leavesNothing(t, image);
});

test.serial("an address that fails is reported before a machine starts", async (t) => {
  const image = await serveImage(t);
  image.misbehave = (_request, response) => response.writeHead(404).end() !== undefined;
  const stderr = new Collector();
  await t.throwsAsync(run({ image: image.url, stderr }), { code: "SOURCE_NOT_FOUND" });
  await t.throwsAsync(run({ image: "nbd+unix:///?socket=/nonexistent", stderr }), {
    code: "SOURCE_UNREACHABLE",
  });
  t.is(stderr.text, "");
  await leavesNothing(t, image);
});

test.serial(
  "an image that is cut off within a sector is damaged, and does not keep the machine waiting",
  async (t) => {
    const image = await serveImage(t);
    const { content, etag } = image;
    image.content = content.subarray(0, content.length - 700);
    image.etag = '"cut"';
    const cut = await run({ image: image.url });
    t.is(cut.status, 1);
    t.regex(cut.errors, /^cat: [^\n]*invalid image: /m);
    Object.assign(image, { content, etag });
    await leavesNothing(t, image);
  },
);

test.serial("another commit than the pinned one is refused", async (t) => {
  const image = await serveImage(t);
  const commit = image.version.commit;
  t.is((await run({ image: image.url, commit })).status, 0);
  const wrong = await run({
    image: image.url,
    commit: commit.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
  });
  t.is(wrong.status, 1);
  t.regex(wrong.errors, /^cat: [^\n]*it is of commit/m);
  t.notRegex(wrong.errors, /dropped/);
});

test.serial("what a server sent wrong is fetched anew in the next run", async (t) => {
  const image = await serveImage(t);
  const wrong = Buffer.from(image.content);
  wrong[wrong.length >> 1]! ^= 1;
  image.misbehave = (_request, _response, number) => {
    if (number > 1) image.content = wrong;
    return false;
  };
  const options = { image: image.url, cacheSize: undefined };
  const right = image.content;
  const first = await run(options);
  t.is(first.status, 1);
  t.regex(first.errors, /^cat: [^\n]*invalid image: [^\n]+\ndocteur: http:[^\n]+ is dropped: run it again/m);
  image.content = right;
  await leavesNothing(t, image);
});

test.serial("programs of users and the library read what lies at an address", async (t) => {
  const image = await serveImage(t);
  const program = join(temporaryFolder(t), "sizes.mjs");
  writeFileSync(
    program,
    "export default ({ store, console }) => console.write(String(store.get('/big.bin').length));",
  );
  const { status, stdout } = await run({ image: image.url, program, check: false, args: [] });
  t.deepEqual([status, String(stdout)], [0, String(2 * 1024 * 1024)]);
  const output = new Collector();
  const vm = await boot({ image: image.url, bundle, cacheSize: 0 });
  t.is(await vm.run("cat", ["/big.bin"], { stdout: output }), 0);
  t.deepEqual(output.bytes, image.version.files.get("/big.bin"));
  {
    await using _unused = await boot({ image: image.url, bundle, cacheSize: 0 });
  }
  await leavesNothing(t, image);
});

test.serial("QEMU reads from NBD servers itself, and a machine that is started by hand does", async (t) => {
  const image = await serveImage(t);
  const nbd = new MemoryImage(image.content);
  const { display } = await serve(t, nbd, { exportName: "a b" });
  const { stdout, notes } = await run({ image: display });
  t.deepEqual(stdout, image.version.files.get("/big.bin"));
  t.deepEqual(notes, [WARM]);
  const streams = { stdout: new Collector(), stderr: new Collector() };
  const options = { program: "cat", args: ["/small.txt"], bundle, ...streams };
  const line = await printCommand({ ...options, image: display });
  const printed = await promisify(execFile)("sh", ["-c", `${line} 2>/dev/null </dev/null | cat`]);
  t.is(printed.stdout, image.version.files.get("/small.txt")!.toString());
  await t.throwsAsync(printCommand({ ...options, image: image.url }), { code: "SOURCE_UNSUPPORTED" });
  // QEMU tells what its own drivers lack; without a Ceph, either is missing.
  const rbd = run({ image: "rbd:no-such-pool/image:conf=/nonexistent" });
  await t.throwsAsync(rbd, {
    instanceOf: SourceError,
    message:
      /^rbd:no-such-pool\/image: (?:QEMU cannot open it|QEMU has no driver for rbd; .*qemu-block-extra)/,
  });
  await t.throwsAsync(run({ image: "nbd://127.0.0.1:1/" }), { code: "SOURCE_UNREACHABLE" });
  await leavesNothing(t, image);
});

test.serial(
  "what QEMU cannot read any more is reported as a fault of the address, not of the image",
  async (t) => {
    const image = await serveImage(t);
    const nbd = new MemoryImage(image.content);
    const { display } = await serve(t, nbd, { onFault: () => true });
    nbd.before = (offset) => {
      // The large file lies there. What is before it and behind it is right.
      if (Math.abs(offset - (image.content.length >> 1)) < image.content.length >> 2) throw new Error("gone");
    };
    const { status, errors } = await run({ image: display, args: ["/big.bin", "/big.bin"], verbose: false });
    t.is(status, 1);
    t.is(
      errors,
      `cat: ${display}: it cannot be read where it lies any more (EIO): check its server and the network, and try again\n`,
    );
    const program = join(temporaryFolder(t), "try.mjs");
    const text = `export default ({ store, console }) => {
    try { store.get("/big.bin"); } catch (error) { console.write(error.code); }
  };`;
    writeFileSync(program, text);
    const own = await run({ image: display, program, check: false, args: [] });
    t.is(String(own.stdout), "SOURCE_UNREACHABLE");
  },
);

test.serial("a machine's image is a file as before", async (t) => {
  t.deepEqual((await run({ image: SMALL, args: ["/README.md"] })).stdout, SMALL_FILES.get("/README.md"));
});
