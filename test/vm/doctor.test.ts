import test from "ava";
import { doctor } from "../../vm/index.ts";
import { useOwnCache } from "./cache-sandbox.ts";

const root = useOwnCache(test);

test.serial("with an empty cache, the doctor looks at everything and fetches nothing", async (t) => {
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

test.serial("what is missing is told with its remedy", async (t) => {
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
