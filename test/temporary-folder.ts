import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";

/**
 * Makes a temporary folder that is removed when the test ends.
 * @param prefix what its name begins with; by default it has spaces in it, which must do no harm.
 */
export function temporaryFolder(t: ExecutionContext, prefix = "docteur test "): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
