import { existsSync } from "node:fs";
import { appendFile, mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { clearFailure, findFailure, recordFailure } from "../../../vm/template/negative-cache.ts";
import {
  listTemplates,
  loadTemplate,
  MAX_TEMPLATES,
  pruneTemplates,
  saveTemplate,
} from "../../../vm/template/template-store.ts";
import { useOwnCache } from "../cache-sandbox.ts";

const cache = useOwnCache(test);

/** Saves a folder with the files of a template, used so many minutes ago. */
async function saved(name: string, minutes: number, bytes = 4096): Promise<string> {
  const folder = join(cache, `tmp-${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "memory"), Buffer.alloc(bytes, 1));
  await writeFile(join(folder, "state"), name);
  await saveTemplate(folder, `template-${name}`, "a test's");
  const manifest = join(cache, `template-${name}`, "template.json");
  const used = Date.now() / 1000 - 60 * minutes;
  if (existsSync(manifest)) await utimes(manifest, used, used);
  return join(cache, `template-${name}`);
}

async function names(): Promise<string[]> {
  return (await listTemplates()).map(({ name }) => name.slice("template-".length));
}

test.beforeEach(() => pruneTemplates(0));

test.serial(
  "listTemplates returns the template used last first, and loading a template is using it",
  async (t) => {
    t.deepEqual(await listTemplates(), []);
    const old = await saved("old", 3);
    await saved("older", 4);
    await saved("young", 2);
    t.deepEqual(await names(), ["young", "old", "older"]);
    t.is(loadTemplate("template-old"), old);
    t.deepEqual(await names(), ["old", "young", "older"]);
    t.is(loadTemplate("template-none"), undefined);
  },
);

test.serial("pruneTemplates keeps the templates used last, within a number and within bytes", async (t) => {
  for (const [index, name] of ["a", "b", "c", "d"].entries()) await saved(name, index, 100_000);
  t.deepEqual(
    (await pruneTemplates(3)).map(({ name }) => name),
    ["template-d"],
  );
  t.deepEqual(await names(), ["a", "b", "c"]);
  const { bytes } = (await listTemplates())[0]!;
  t.true(bytes >= 100_000);
  await pruneTemplates(3, 2 * bytes + 1);
  t.deepEqual(await names(), ["a", "b"]);
});

test.serial("saving one template too many removes the one not used for longest", async (t) => {
  for (let index = 0; index <= MAX_TEMPLATES; index++) await saved(String(index), 100 - index);
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
  ["its manifest is no JSON", (folder) => writeFile(join(folder, "template.json"), "{")],
  ["its manifest is missing", (folder) => rm(join(folder, "template.json"))],
];

for (const [name, damage] of damages) {
  test.serial(`a template is damaged when ${name}`, async (t) => {
    const folder = await saved("damaged", 0);
    t.is(loadTemplate("template-damaged"), folder);
    await damage(folder);
    t.throws(() => loadTemplate("template-damaged"), { code: "TEMPLATE_DAMAGED", message: /^[^\n]+$/ });
    t.is((await listTemplates()).length, 1);
  });
}

test.serial("a second template of the same name leaves the first in place", async (t) => {
  const folder = await saved("same", 0);
  await saved("same", 0);
  t.is(loadTemplate("template-same"), folder);
  t.deepEqual(await names(), ["same"]);
});

test.serial("the failure to take a template is recorded until it is cleared", async (t) => {
  t.is(await findFailure("template-a"), undefined);
  await recordFailure("template-a", "no luck");
  t.is(await findFailure("template-a"), "no luck");
  t.is(await findFailure("template-b"), undefined);
  await clearFailure();
  t.is(await findFailure("template-a"), undefined);
});
