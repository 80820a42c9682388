import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { SMALL } from "../vm/fixture.ts";
import { CHECKOUT, command } from "./docteur.ts";

/** The files of the checkout, and the packages, that a command loads. */
async function loaded(t: ExecutionContext, args: readonly string[]): Promise<string[]> {
  const folder = temporaryFolder(t);
  const [hook, list] = [join(folder, "hook.mjs"), join(folder, "list")];
  writeFileSync(
    hook,
    `import { registerHooks } from "node:module";
import { appendFileSync } from "node:fs";
registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + "\\n"); return next(url, context); } });`,
  );
  // The process of -t unix loads no sources.
  const { stderr } = await command(process.execPath, [
    "--import",
    hook,
    join(CHECKOUT, "scripts/start.ts"),
    ...args,
  ]);
  const checkout = `file://${CHECKOUT}/`;
  const urls = readFileSync(list, "utf8").trim().split("\n");
  t.true(urls.includes(`${checkout}scripts/main.ts`), stderr);
  return urls.filter((url) => url.startsWith(checkout)).map((url) => url.slice(checkout.length));
}

/** What of images that lie elsewhere any command may load: how they are named, where the cache is, constants. */
const OF_ADDRESSES = [
  "remote/address.ts",
  "remote/cache/cache-folder.ts",
  "remote/cache/cache-owner.ts",
  "remote/cache/cache-size.ts",
  "remote/cache/layout.ts",
];

for (const target of ["qemu", "unix"]) {
  test(`a run of a file (-t ${target}) loads nothing that reads what lies elsewhere`, async (t) => {
    const files = await loaded(t, ["run", "-t", target, SMALL, "cat", "/README.md"]);
    const others = files.filter(
      (file) => /^(?:remote|node_modules\/undici)\//.test(file) && !OF_ADDRESSES.includes(file),
    );
    t.deepEqual(others, []);
    t.true(files.includes("remote/address.ts"));
  });
}
