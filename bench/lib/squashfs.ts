import { existsSync, renameSync } from "node:fs";
import { execa } from "execa";
import { packagedTool } from "./packages.ts";

/** The command that makes a squashfs of a folder, compressed by zstd, and the environment that it runs in. */
export async function mksquashfs(folder: string, file: string) {
  const { path, env } = await packagedTool("bin/mksquashfs", "squashfs-tools");
  return { command: [path, folder, file, "-comp", "zstd", "-noappend", "-quiet", "-no-progress"], env };
}

/** Makes one, unless it is there. */
export async function makeSquashfs(folder: string, file: string): Promise<void> {
  if (existsSync(file)) return;
  const { command, env } = await mksquashfs(folder, `${file}.part`);
  await execa(command[0]!, command.slice(1), { env });
  renameSync(`${file}.part`, file);
}
