import { readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { isRemembered, remember } from "../../../vm/program/checked-before.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { useOwnCache } from "../cache-sandbox.ts";

const cache = useOwnCache(test);

test.serial("a program is good as long as its files stay as they are", async (t) => {
  const file = join(temporaryFolder(t), "a.ts");
  t.false(await isRemembered(["a"]));
  writeFileSync(file, "1");
  await remember(["a"], [file]);
  t.true(await isRemembered(["a"]));
  t.false(await isRemembered(["b"]));
  writeFileSync(file, "2");
  t.false(await isRemembered(["a"]));
  writeFileSync(file, "1");
  t.true(await isRemembered(["a"]));
  rmSync(file);
  t.false(await isRemembered(["a"]));
});

test.serial("the programs checked last are remembered, 64 of them", async (t) => {
  const file = join(temporaryFolder(t), "a.ts");
  writeFileSync(file, "1");
  await remember(["oldest"], [file]);
  for (const name of readdirSync(cache)) utimesSync(join(cache, name), 0, 0);
  for (let program = 0; program < 64; program++) await remember([String(program)], [file]);
  t.is(readdirSync(cache).length, 64);
  t.false(await isRemembered(["oldest"]));
  t.true(await isRemembered(["0"]));
});
