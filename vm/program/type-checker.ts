import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { pinnedNode } from "../package-root.ts";
import { ownCompiler } from "./declarations.ts";

/** A type checker: an executable and its first arguments. */
export interface TypeChecker {
  readonly file: string;
  readonly args: readonly string[];
}

/** Bytes of a script in which Linux reads the name of the interpreter. */
const SHEBANG_LENGTH = 256;

/**
 * Returns the type checker: docteur's own, unless the user names one. That of the program's project is not
 * used, because it would run on this host.
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
    const why = code === "ENOENT" ? "no TypeScript is there (a file, or a package with bin/tsc)" : message;
    throw new DocteurError("TSC_NOT_FOUND", `--tsc ${path}: ${why}`, { cause });
  }
}

/** Whether Node must run a file. It may also be a shell script of a package manager, or an executable. */
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
