import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type ExportOptions, exportMachine } from "../../../vm/commands.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { SMALL } from "../fixture.ts";

/** Exports a machine that runs everywhere: emulated, and by default with `cat` on the small image. @returns its folder. */
export async function exported(
  t: ExecutionContext,
  options: Partial<ExportOptions> & Pick<ExportOptions, "engine">,
): Promise<string> {
  const folder = join(temporaryFolder(t), "a machine's");
  await exportMachine({ ...CAT, name: "machine", folder, ...options });
  return folder;
}

export const CAT = { image: SMALL, program: "cat", args: ["/README.md"], accel: "tcg" } as const;
