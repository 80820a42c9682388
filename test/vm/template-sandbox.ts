import { mkdirSync, symlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { TestFn } from "ava";
import { makeBundle } from "../../vm/artifacts/bundle.ts";
import { getBusybox } from "../../vm/artifacts/busybox.ts";
import { getKernel } from "../../vm/artifacts/kernel.ts";
import { getRootDisk } from "../../vm/artifacts/root-disk.ts";
import { type RunOptions, runInVm } from "../../vm/commands.ts";
import { useOwnCache } from "./cache-sandbox.ts";
import { Collector, SMALL } from "./fixture.ts";

/** A cache of this test file's own, without templates, and a bundle with the probe. */
export interface Sandbox {
  readonly cache: string;
  readonly bundle: string;
}

/**
 * Gives this test file such a cache. What does not differ from test to test is that of all tests, since it
 * takes long.
 */
export function useOwnTemplates(test: TestFn): Sandbox {
  const before = process.env.XDG_CACHE_HOME;
  const cache = useOwnCache(test);
  const bundle = join(cache, "probe.cjs");
  test.before(async () => {
    const own = process.env.XDG_CACHE_HOME!;
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    const note = () => {};
    const shared = [(await getKernel({}, note)).image, await getBusybox(note), await getRootDisk(note)];
    process.env.XDG_CACHE_HOME = own;
    mkdirSync(cache, { mode: 0o700 });
    for (const folder of shared.map(dirname)) symlinkSync(folder, join(cache, basename(folder)));
    await makeBundle(bundle, join(import.meta.dirname, "probe-main.ts"));
  });
  return { cache, bundle };
}

/**
 * Runs a program of such a bundle, by default `cat /README.md` on the small image, and gives what it did and
 * said.
 */
export async function runNoting(options: Partial<RunOptions>) {
  const stdout = new Collector();
  const stderr = new Collector();
  // On a busy host a boot takes more than the minute that is the default.
  const common = { image: SMALL, program: "cat", args: ["/README.md"], verbose: true, bootTimeout: 600 };
  const status = await runInVm({ ...common, stdout, stderr, ...options });
  const notes = stderr.text.split("\n").filter((line) => /^docteur: (?!trying whether KVM)/.test(line));
  return { status, stdout: stdout.bytes, errors: stderr.text, notes };
}

/** The names in a cache that begin like this. */
export async function named(cache: string, prefix: string): Promise<string[]> {
  return (await readdir(cache)).filter((name) => name.startsWith(prefix));
}
