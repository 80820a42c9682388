import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { DocteurError } from "../reader/errors.ts";
import { installation } from "./artifacts/debian-packages.ts";

const MAX_OUTPUT = 64 * 1024 * 1024;

/** Folders of system tools that may be missing from the PATH of a plain user. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];

/** Finds an executable on the PATH and in the system's folders; undefined if it is not installed. */
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
 * The same for a tool that docteur needs.
 * @param packageName its package in Debian and Ubuntu. Default: that of vm/debian-packages.txt.
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

/** The environment in which Node runs as it does by itself: a variable that Node hands to its children, if it is not set. */
export const PLAIN_NODE: NodeJS.ProcessEnv = { NODE_V8_COVERAGE: "" };

export interface ToolOptions {
  readonly cwd?: string;
  /** Its environment beside `LC_ALL`. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** The encoding of its output; `latin1` keeps every byte. Default `utf8`. */
  readonly encoding?: "utf8" | "latin1";
}

/**
 * Runs a tool and returns its standard output.
 * @throws {DocteurError} `TOOL_FAILED`, with the last line of its standard error, or the line about a full
 * disk.
 */
export function runTool(path: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...(options.env ?? process.env), LC_ALL: "C" };
    execFile(path, args, { ...options, env, maxBuffer: MAX_OUTPUT }, (cause, stdout, stderr) => {
      if (cause === null) return resolve(stdout);
      const lines = stderr.trim().split("\n");
      const reason = lines.find(saysNoSpace) ?? (lines.at(-1) || cause.message.split("\n")[0]);
      reject(new DocteurError("TOOL_FAILED", `${path.split("/").at(-1)} failed: ${reason}`, { cause }));
    });
  });
}

/** Whether a line of output means a full disk, in the words of the C library or of apt. */
export function saysNoSpace(line: string): boolean {
  return /No space left on device|Disk quota exceeded|enough free space/.test(line);
}
