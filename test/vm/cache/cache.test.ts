import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { cached, cacheFolder, keyOf, writeCacheFile } from "../../../vm/cache/cache.ts";
import { thisOwner } from "../../../vm/cache/entry-owner.ts";
import { useOwnCache } from "../cache-sandbox.ts";

const root = useOwnCache(test);
const run = promisify(execFile);

async function temporaries(): Promise<string[]> {
  return (await fs.readdir(root)).filter((name) => name.startsWith("tmp-"));
}

test.serial("XDG_CACHE_HOME names the cache if it is an absolute path", (t) => {
  t.is(cacheFolder(), root);
  const before = process.env.XDG_CACHE_HOME!;
  process.env.XDG_CACHE_HOME = "relative";
  t.is(cacheFolder(), join(homedir(), ".cache/docteur"));
  process.env.XDG_CACHE_HOME = before;
});

test("the key of two parts differs from that of their concatenation", (t) => {
  t.not(keyOf("ab", "c"), keyOf("a", "bc"));
  t.is(keyOf("ab", Buffer.from("c")), keyOf("ab", "c"));
});

test("an entry is made once, for this user alone", async (t) => {
  let builds = 0;
  const build = async (folder: string) => {
    builds++;
    await fs.writeFile(join(folder, "file"), "content");
  };
  const folder = await cached("once", build);
  t.is(await cached("once", build), folder);
  t.is(builds, 1);
  t.is(await fs.readFile(join(folder, "file"), "utf8"), "content");
  t.is((await fs.stat(root)).mode & 0o777, 0o700);
  t.is((await fs.stat(folder)).mode & 0o777, 0o700);
});

test("an entry that cannot be made leaves nothing, and the next try succeeds", async (t) => {
  const failing = cached("failing", async (folder) => {
    await fs.writeFile(join(folder, "half"), "");
    throw new Error("no luck");
  });
  await t.throwsAsync(failing, { message: "no luck" });
  await t.throwsAsync(fs.stat(join(root, "failing")), { code: "ENOENT" });
  const folder = await cached("failing", (folder) => fs.writeFile(join(folder, "whole"), ""));
  t.deepEqual(await fs.readdir(folder), ["whole"]);
});

test("two callers that make the same entry at once get the same complete entry", async (t) => {
  const started = Promise.withResolvers<void>();
  const slow = cached("both", async (folder) => {
    await fs.writeFile(join(folder, "by"), "slow");
    await started.promise;
  });
  const quick = await cached("both", (folder) => fs.writeFile(join(folder, "by"), "quick"));
  started.resolve();
  t.is(await slow, quick);
  t.is(await fs.readFile(join(quick, "by"), "utf8"), "quick", "the first to finish wins");
});

test("processes that make the same entry at once all get it", async (t) => {
  const script = `
    import { writeFile } from "node:fs/promises";
    import { cached } from ${JSON.stringify(join(import.meta.dirname, "../../../vm/cache/cache.ts"))};
    const folder = await cached("processes", async (folder) => {
      for (let i = 0; i < 50; i++) await writeFile(folder + "/" + i, String(i));
    });
    console.log(folder);`;
  const processes = Array.from({ length: 4 }, () =>
    run(process.execPath, ["--input-type=module", "-e", script]),
  );
  const folders = (await Promise.all(processes)).map(({ stdout }) => stdout.trim());
  t.deepEqual(new Set(folders), new Set([join(root, "processes")]));
  t.is((await fs.readdir(folders[0]!)).length, 50);
});

test.serial("the folder of an owner that has ended is removed, that of a running one is not", async (t) => {
  const other = spawn("sleep", ["100"]);
  const start = (await fs.readFile(`/proc/${other.pid}/stat`, "utf8")).split(") ")[1]!.split(" ")[19];
  const space = thisOwner().split(".")[0];
  const name = `tmp-${space}.${other.pid}.${start}-abc`;
  await cached("first", async () => {});
  await fs.mkdir(join(root, name));
  await cached("second", async () => {});
  t.true((await temporaries()).includes(name));
  other.kill("SIGKILL");
  await once(other, "exit");
  await cached("third", async () => {});
  t.false((await temporaries()).includes(name));
});

test.serial("age alone decides whether an owner that this process cannot see is gone", async (t) => {
  await fs.mkdir(join(root, "tmp-1.1.1-new"), { recursive: true });
  await fs.mkdir(join(root, "tmp-1.1.1-old"));
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  await fs.utimes(join(root, "tmp-1.1.1-old"), yesterday, yesterday);
  await cached("fourth", async () => {});
  const left = await temporaries();
  t.true(left.includes("tmp-1.1.1-new"));
  t.false(left.includes("tmp-1.1.1-old"));
});

test.serial("a path where no cache can be made fails with one line", async (t) => {
  const before = process.env.XDG_CACHE_HOME!;
  t.teardown(() => {
    process.env.XDG_CACHE_HOME = before;
  });
  // Below a file; and where the system says that a folder is not there when it is to be made.
  for (const [base, code] of [
    ["/etc/passwd", "ENOTDIR"],
    ["/proc/none", "ENOENT"],
  ] as const) {
    process.env.XDG_CACHE_HOME = base;
    await t.throwsAsync(
      cached("any", async () => {}),
      {
        code: "CACHE_UNWRITABLE",
        message: `${base}/docteur: the cache cannot be written (${code}); XDG_CACHE_HOME names another folder`,
      },
    );
  }
});

test("a full disk fails with one line", async (t) => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const byTool = new Error("mkfs.erofs failed: No space left on device");
  for (const error of [full, byTool]) {
    const failing = cached("full", () => Promise.reject(error));
    await t.throwsAsync(failing, { code: "CACHE_FULL", message: `${root}: no space is left for the cache` });
  }
});

test("a small file is replaced whole", async (t) => {
  await writeCacheFile("note.json", "1");
  await writeCacheFile("note.json", "2");
  t.is(await fs.readFile(join(root, "note.json"), "utf8"), "2");
});

test.serial(
  "the entries of a kind that were used last, and those used within the hour, are kept",
  async (t) => {
    const name = (index: number) => `thing-${String(index).padStart(32, "0")}`;
    for (let index = 0; index < 6; index++) {
      await cached(name(index), async () => {});
      const yesterday = Date.now() / 1000 - 24 * 60 * 60 + index;
      if (index !== 0) await fs.utimes(join(root, name(index)), yesterday, yesterday);
    }
    await fs.mkdir(join(root, "thing-else"));
    await fs.utimes(join(root, "thing-else"), 0, 0);
    // Used: not only made.
    await cached(name(3), async () => t.fail("it is there"));
    await cached(name(6), async () => {});
    const kept = (await fs.readdir(root)).filter((each) => each.startsWith("thing-")).sort();
    t.deepEqual(kept, [...[0, 3, 5, 6].map(name), "thing-else"]);
  },
);
