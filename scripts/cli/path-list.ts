import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { DocteurError } from "../../reader/errors.ts";

/** Bytes of a list that are read, and sent, at a time: where a piece ends, threads run out of files to read. */
const LIST_PIECE = 1024 * 1024;

/** A program's arguments as the guest gets them, and what it is to read on its standard input. */
export interface ProgramInput {
  readonly args: string[];
  readonly stdin: Readable;
}

/**
 * `cat --files-from FILE` names a file of the host, which the guest cannot see: it is opened here and becomes
 * the program's standard input, in the place of the command's own.
 * @throws {DocteurError} `FILE_LIST_UNREADABLE` if FILE cannot be read.
 */
export async function programInput(
  program: string,
  args: readonly string[],
  stdin: Readable,
): Promise<ProgramInput> {
  const list = program === "cat" ? findPathList(args) : undefined;
  if (list === undefined || list.file === "-") return { args: [...args], stdin };
  const before = args.slice(0, list.index);
  const after = args.slice(list.index + list.length);
  return {
    args: [...before, "--files-from", "-", ...after],
    stdin: (await openPathList(list.file)).createReadStream({ highWaterMark: LIST_PIECE }),
  };
}

function findPathList(args: readonly string[]): { file: string; index: number; length: number } | undefined {
  for (const [index, arg] of args.entries()) {
    if (arg === "--") return undefined; // what follows is paths
    if (arg.startsWith("--files-from=")) return { file: arg.slice("--files-from=".length), index, length: 1 };
    const file = args[index + 1];
    // Without FILE the program itself prints its usage.
    if (arg === "--files-from" && file !== undefined) return { file, index, length: 2 };
  }
  return undefined;
}

async function openPathList(file: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    if ((await handle.stat()).isDirectory()) throw new Error("is a directory");
    return handle;
  } catch (cause) {
    await handle?.close();
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "no such file" : code === "EACCES" ? "permission denied" : message;
    throw new DocteurError("FILE_LIST_UNREADABLE", `--files-from ${file}: ${why}`, { cause });
  }
}
