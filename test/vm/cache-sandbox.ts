import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestFn } from "ava";

/** Gives this test file a cache of its own, which is removed afterwards. */
export function useOwnCache(test: TestFn): string {
  const folder = mkdtempSync(join(tmpdir(), "docteur test "));
  process.env.XDG_CACHE_HOME = folder;
  test.after.always(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "docteur");
}
