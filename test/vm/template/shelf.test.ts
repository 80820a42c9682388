import { existsSync } from "node:fs";
import { appendFile, mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { forget, reasonAgainst, remember } from "../../../vm/template/known-failure.ts";
import { find, list, MAX_TEMPLATES, prune, shelve } from "../../../vm/template/shelf.ts";
import { useOwnCache } from "../cache-sandbox.ts";

const cache = useOwnCache(test);

/** Something in the shape of a template, used so many minutes ago. */
async function shelved(name: string, minutes: number, bytes = 4096): Promise<string> {
  const folder = join(cache, `tmp-${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "memory"), Buffer.alloc(bytes, 1));
  await writeFile(join(folder, "state"), name);
  await shelve(folder, `template-${name}`, "a test's");
  const manifest = join(cache, `template-${name}`, "template.json");
  const used = Date.now() / 1000 - 60 * minutes;
  if (existsSync(manifest)) await utimes(manifest, used, used);
  return join(cache, `template-${name}`);
}

async function names(): Promise<string[]> {
  return (await list()).map(({ name }) => name.slice("template-".length));
}

test.beforeEach(() => prune(0));

test.serial("the template used last is the first; being found is being used", async (t) => {
  t.deepEqual(await list(), []);
  const old = await shelved("old", 3);
  await shelved("older", 4);
  await shelved("young", 2);
  t.deepEqual(await names(), ["young", "old", "older"]);
  t.is(find("template-old"), old);
  t.deepEqual(await names(), ["old", "young", "older"]);
  t.is(find("template-none"), undefined);
});

test.serial("those used last stay, within a number and within bytes", async (t) => {
  for (const [index, name] of ["a", "b", "c", "d"].entries()) await shelved(name, index, 100_000);
  t.deepEqual(
    (await prune(3)).map(({ name }) => name),
    ["template-d"],
  );
  t.deepEqual(await names(), ["a", "b", "c"]);
  const { bytes } = (await list())[0]!;
  t.true(bytes >= 100_000);
  await prune(3, 2 * bytes + 1);
  t.deepEqual(await names(), ["a", "b"]);
});

test.serial("one more than there may be removes the one not used for longest", async (t) => {
  for (let index = 0; index <= MAX_TEMPLATES; index++) await shelved(String(index), 100 - index);
  const kept = await names();
  t.is(kept.length, MAX_TEMPLATES);
  t.false(kept.includes("0"));
});

const damages: [name: string, damage: (folder: string) => Promise<unknown>][] = [
  ["its state differs", (folder) => appendFile(join(folder, "state"), "x")],
  ["its state is missing", (folder) => rm(join(folder, "state"))],
  ["its memory is longer", (folder) => appendFile(join(folder, "memory"), "x")],
  ["its memory was written", (folder) => writeFile(join(folder, "memory"), Buffer.alloc(4096, 2))],
  ["its memory is missing", (folder) => rm(join(folder, "memory"))],
  ["its manifest is none", (folder) => writeFile(join(folder, "template.json"), "{")],
  ["its manifest is missing", (folder) => rm(join(folder, "template.json"))],
];

for (const [name, damage] of damages) {
  test.serial(`damage is found: ${name}`, async (t) => {
    const folder = await shelved("damaged", 0);
    t.is(find("template-damaged"), folder);
    await damage(folder);
    t.throws(() => find("template-damaged"), { code: "TEMPLATE_DAMAGED", message: /^[^\n]+$/ });
    t.is((await list()).length, 1);
  });
}

test.serial("the first of two is kept", async (t) => {
  const folder = await shelved("same", 0);
  await shelved("same", 0);
  t.is(find("template-same"), folder);
  t.deepEqual(await names(), ["same"]);
});

test.serial("a machine that no template can be taken of is remembered, until it is forgotten", async (t) => {
  t.is(await reasonAgainst("template-a"), undefined);
  await remember("template-a", "no luck");
  t.is(await reasonAgainst("template-a"), "no luck");
  t.is(await reasonAgainst("template-b"), undefined);
  await forget();
  t.is(await reasonAgainst("template-a"), undefined);
});
