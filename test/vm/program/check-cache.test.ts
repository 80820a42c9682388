import { readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { hasPassed, recordPass } from "../../../vm/program/check-cache.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { useOwnCache } from "../cache-sandbox.ts";

const cache = useOwnCache(test);

test.serial("a program has passed until one of its files changes", async (t) => {
  const file = join(temporaryFolder(t), "a.ts");
  t.false(await hasPassed(["a"]));
  writeFileSync(file, "1");
  await recordPass(["a"], [file]);
  t.true(await hasPassed(["a"]));
  t.false(await hasPassed(["b"]));
  writeFileSync(file, "2");
  t.false(await hasPassed(["a"]));
  writeFileSync(file, "1");
  t.true(await hasPassed(["a"]));
  rmSync(file);
  t.false(await hasPassed(["a"]));
});

test.serial("the cache keeps the 64 programs checked last", async (t) => {
  const file = join(temporaryFolder(t), "a.ts");
  writeFileSync(file, "1");
  await recordPass(["oldest"], [file]);
  for (const name of readdirSync(cache)) utimesSync(join(cache, name), 0, 0);
  for (let program = 0; program < 64; program++) await recordPass([String(program)], [file]);
  t.is(readdirSync(cache).length, 64);
  t.false(await hasPassed(["oldest"]));
  t.true(await hasPassed(["0"]));
});
