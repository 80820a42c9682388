import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { pinnedNode } from "../package-root.ts";
import { ownCompiler } from "./declarations.ts";

/** A type checker as it is started: a program, and the arguments that come before all others. */
export interface TypeChecker {
  readonly file: string;
  readonly args: readonly string[];
}

/** Bytes in which a script names its interpreter, as Linux has it. */
const SHEBANG_LENGTH = 256;

/**
 * The type checker to use: docteur's own, unless the user names one. What lies in the program's project is not asked: it would
 * run on this machine.
 *
 * @param path TypeScript's `bin/tsc`, or the folder of the package.
 * @throws {DocteurError} `TSC_NOT_FOUND`.
 */
export function typeChecker(path: string | undefined): TypeChecker {
  if (path === undefined) return { file: pinnedNode(), args: [ownCompiler()] };
  const given = resolve(path);
  try {
    const file = statSync(given).isDirectory() ? join(given, "bin", "tsc") : given;
    return isForNode(file) ? { file: pinnedNode(), args: [file] } : { file, args: [] };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no TypeScript (a file, or a package with bin/tsc)" : message;
    throw new DocteurError("TSC_NOT_FOUND", `--tsc ${path}: ${why}`, { cause });
  }
}

/** Whether a file is JavaScript; it may be a package manager's shell script or a program of the machine, too. */
function isForNode(file: string): boolean {
  const start = Buffer.alloc(SHEBANG_LENGTH);
  const fd = openSync(file, "r");
  try {
    readSync(fd, start);
  } finally {
    closeSync(fd);
  }
  const text = start.toString("latin1");
  const [, interpreter] = /^#!(.*)/.exec(text) ?? [];
  return interpreter === undefined ? !text.startsWith("\x7fELF") : /\bnode\b/.test(interpreter);
}
