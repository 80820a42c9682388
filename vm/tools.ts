import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { DocteurError } from "../reader/errors.ts";
import { installation } from "./artifacts/debian-packages.ts";

const MAX_OUTPUT = 64 * 1024 * 1024;

/** Folders where system tools are, though not always on the path of a plain user. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];

/** Finds an executable as the shell does; undefined if it is not installed. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The same for one that must be there.
 * @param packageName where Debian and Ubuntu have it, if vm/debian-packages.txt does not say.
 * @throws {DocteurError} `TOOL_MISSING`.
 */
export function requireTool(name: string, packageName?: string): string {
  const path = findTool(name);
  if (path !== undefined) return path;
  throw new DocteurError(
    "TOOL_MISSING",
    `${name} is not installed; ${installation(name, packageName) ?? "install it with this system's package manager"}`,
  );
}

export interface ToolOptions {
  readonly cwd?: string;
  /** How its output is read; `latin1` keeps every byte. Default `utf8`. */
  readonly encoding?: "utf8" | "latin1";
}

/**
 * Runs a tool to its end and gives its standard output.
 * @throws {DocteurError} `TOOL_FAILED`, with the last line that it said, or the one about a full disk.
 */
export function runTool(path: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, LC_ALL: "C" };
    execFile(path, args, { ...options, env, maxBuffer: MAX_OUTPUT }, (cause, stdout, stderr) => {
      if (cause === null) return resolve(stdout);
      const lines = stderr.trim().split("\n");
      const said = lines.find(saysNoSpace) ?? (lines.at(-1) || cause.message.split("\n")[0]);
      reject(new DocteurError("TOOL_FAILED", `${path.split("/").at(-1)} failed: ${said}`, { cause }));
    });
  });
}

/** Whether a line tells of a full disk, in the C library's words or apt's. */
export function saysNoSpace(line: string): boolean {
  return /No space left on device|Disk quota exceeded|enough free space/.test(line);
}
