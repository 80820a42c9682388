import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type ExportOptions, exportMachine } from "../../../vm/export/export.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { SMALL } from "../fixture.ts";

/** Kernel and root disk of all exports of this process. */
const PARTS = mkdtempSync(join(tmpdir(), "docteur parts "));
process.on("exit", () => rmSync(PARTS, { recursive: true, force: true }));

const CAT = { image: SMALL, program: "cat", args: ["/README.md"], accel: "tcg" } as const;

/**
 * Exports a machine that runs everywhere: emulated, and by default with `cat` on the small image. Exports share their
 * parts, unless `options` has any.
 * @returns its folder.
 */
export async function exported(
  t: ExecutionContext,
  options: Partial<ExportOptions> & Pick<ExportOptions, "engine">,
): Promise<string> {
  const folder = join(temporaryFolder(t), "a machine's");
  const parts = options.engine === "compose" ? undefined : PARTS;
  await exportMachine({ ...CAT, name: "machine", folder, parts, ...options });
  return folder;
}
