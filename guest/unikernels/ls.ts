import { MODES } from "../git/tree.ts";
import { joinPath } from "../layout/path.ts";
import { printableBytes } from "../printable.ts";
import type { ListEntry, Store } from "../store/store.ts";
import type { Console, Unikernel } from "../unikernel.ts";
import { parseOptions } from "./options.ts";
import { attempt, usageError, worst } from "./report.ts";

const USAGE = "ls [-l] [-R] [PATH...]";
const NEWLINE = Uint8Array.of(0x0a);

/**
 * `ls [-l] [-R] [PATH...]`: names a folder's entries, one a line, in git's order; default the root. `-l` puts mode, object
 * id and size before the name, as `git ls-tree -l` does; `-R` goes down, with paths from the folder named. On a terminal
 * names are quoted.
 */
export const ls: Unikernel = ({ args, console, connect, terminal }) => {
  const { options, operands, unknown } = parseOptions(args, { flags: ["-l", "-R"], values: [] });
  if (unknown !== undefined) return usageError(console, "ls", USAGE, unknown);
  const store = connect({ layout: options.has("-R") ? "fast" : "light" });
  const folders = operands.length === 0 ? ["/"] : operands;
  const print = (entry: ListEntry, folder: Uint8Array, name: Uint8Array) => {
    if (options.has("-l")) console.write(longFormat(store, folder, entry));
    console.write(terminal ? printableBytes(name) : name);
    console.write(NEWLINE);
  };
  return worst(folders, (path) => lsOne(store, console, path, options.has("-R"), print));
};

type Print = (entry: ListEntry, folder: Uint8Array, name: Uint8Array) => void;

function lsOne(store: Store, console: Console, path: string, recursive: boolean, print: Print): number {
  return attempt(console, "ls", () => {
    const { path: start, kind, type, id } = store.describe(path);
    if (kind === "value") {
      const slash = start.lastIndexOf(0x2f);
      const rawName = start.subarray(slash + 1);
      print({ name: "", rawName, kind, type, id }, start.subarray(0, Math.max(0, slash)), Buffer.from(path));
      return;
    }
    const none = new Uint8Array();
    const pending = [{ folder: start, shown: none as Uint8Array, entries: store.list(start), next: 0 }];
    for (let level = pending.at(-1); level !== undefined; level = pending.at(-1)) {
      const entry = level.entries[level.next++];
      if (entry === undefined) {
        pending.pop();
        continue;
      }
      const shown = joinPath(level.shown, entry.rawName);
      print(entry, level.folder, shown);
      if (!recursive || entry.type !== "tree") continue;
      const folder = joinPath(level.folder, entry.rawName);
      pending.push({ folder, shown, entries: store.list(folder), next: 0 });
    }
  });
}

function longFormat(store: Store, folder: Uint8Array, { type, id, rawName }: ListEntry): string {
  const mode = MODES[type].toString(8).padStart(6, "0");
  const size =
    type === "tree" || type === "gitlink"
      ? "-"
      : String(store.describe(joinPath(folder, rawName), false).size);
  const word = type === "tree" ? "tree" : type === "gitlink" ? "commit" : "blob";
  return `${mode} ${word} ${id} ${size.padStart(7)}\t`;
}
