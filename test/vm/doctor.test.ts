import test from "ava";
import { installation } from "../../vm/artifacts/debian-packages.ts";
import { doctor } from "../../vm/commands.ts";
import { useOwnCache } from "./cache-sandbox.ts";

const root = useOwnCache(test);

test.serial("the doctor checks everything in an empty cache and fetches nothing", async (t) => {
  const checks = await doctor();
  const named = new Map(checks.map((check) => [check.name, check]));
  for (const name of [
    "node",
    "guest's node",
    "git",
    "qemu-system-x86_64",
    "mkfs.erofs",
    "kernel",
    "accelerator",
    "templates",
  ]) {
    t.truthy(named.get(name)?.detail, name);
  }
  t.is(named.get("cache")?.detail, `${root} (0 MiB)`);
});

test.serial("a missing tool is reported with its remedy", async (t) => {
  const before = process.env.PATH!;
  process.env.PATH = "/nonexistent";
  try {
    const qemu = (await doctor()).find(({ name }) => name === "qemu-system-x86_64");
    t.false(qemu?.ok);
    t.is(qemu?.remedy, "on Debian or Ubuntu: apt install qemu-system-x86");
  } finally {
    process.env.PATH = before;
  }
});

test.serial("the doctor reports the free space and the space that a run needs", async (t) => {
  const space = (await doctor()).find(({ name }) => name === "space")!;
  t.true(space.ok);
  const [, free, parts, template] =
    /^(\d+) MiB free for the cache; a run needs (\d+) more, and (\d+) for a template$/.exec(space.detail)!;
  t.true(Number(free) > 0);
  // Twice the Node that goes on the root disk, and a kernel.
  t.true(Number(parts) > 200, space.detail);
  t.is(template, "512");
});

test.serial("a cache that cannot be written is reported", async (t) => {
  const before = process.env.XDG_CACHE_HOME!;
  process.env.XDG_CACHE_HOME = "/proc/no-cache";
  try {
    const cache = (await doctor()).find(({ name }) => name === "cache")!;
    t.false(cache.ok);
    t.is(cache.remedy, "name another folder with XDG_CACHE_HOME");
  } finally {
    process.env.XDG_CACHE_HOME = before;
  }
});

test("a library that Node lacks is reported with its package", (t) => {
  t.is(installation("libatomic.so.1"), "on Debian or Ubuntu: apt install libatomic1");
  t.is(installation("no-such-thing"), undefined);
});
