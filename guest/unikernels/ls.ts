import { hex } from "../../reader/git/object-id.ts";
import { type EntryType, MODES, type Tree } from "../../reader/git/tree.ts";
import type { Descent } from "../../reader/paths/descent.ts";
import { printableBytes } from "../../reader/printable.ts";
import type { Store } from "../../reader/store/store.ts";
import type { Unikernel } from "../unikernel.ts";
import { BatchedOutput } from "./batched-output.ts";
import { parseOptions } from "./options.ts";
import { attempt, usageError, worst } from "./report.ts";

const USAGE = "ls [-l] [-R] [PATH...]";

/**
 * `ls [-l] [-R] [PATH...]`: lists a folder's entries, one on a line, in git's order; by default the root.
 * `-l` writes mode, object id and size before the name, as `git ls-tree -l` does. `-R` lists everything
 * below, with paths relative to the folder. On a terminal it escapes control characters.
 */
export const ls: Unikernel = ({ args, console, connect, terminal }) => {
  const { options, operands, unknown } = parseOptions(args, { flags: ["-l", "-R"], values: [] });
  if (unknown !== undefined) return usageError(console, "ls", USAGE, unknown);
  const store = connect({ boundWork: true });
  const folders = operands.length === 0 ? ["/"] : operands;
  const output = new BatchedOutput(console);
  const listing = new Listing(store, output, options.has("-l"), terminal);
  try {
    return worst(folders, (path) => attempt(output, "ls", () => listing.list(path, options.has("-R"))));
  } finally {
    output.flush();
  }
};

/** Entries of the largest tree whose lines are cached, for a folder that occurs again and again. */
const LARGEST_KEPT = 1000;

/** How the details of an entry begin: its mode and its kind, as git writes them. */
const KINDS = Object.fromEntries(
  Object.entries(MODES).map(([type, mode]) => {
    const kind = type === "tree" ? "tree" : type === "gitlink" ? "commit" : "blob";
    return [type, `${mode.toString(8).padStart(6, "0")} ${kind} `];
  }),
) as Readonly<Record<EntryType, string>>;

class Listing {
  readonly #store: Store;
  readonly #long: boolean;
  readonly #terminal: boolean;
  readonly #output: BatchedOutput;
  readonly #details = new WeakMap<Tree, string[]>();

  constructor(store: Store, output: BatchedOutput, long: boolean, terminal: boolean) {
    this.#store = store;
    this.#long = long;
    this.#terminal = terminal;
    this.#output = output;
  }

  list(path: string, recursive: boolean): void {
    const { kind, type, id, size } = this.#store.describe(path);
    if (kind === "value") {
      if (this.#long) this.#output.ascii(detailsOf(type, id, size));
      this.#name(Buffer.from(path));
      return;
    }
    if (recursive) this.#below(path);
    else this.#folder(path);
  }

  /** The entries one by one: a folder may have millions. */
  #folder(path: string): void {
    const folder = this.#store.folder(path);
    for (let index = 0; index < folder.count; index++) {
      if (this.#long) {
        this.#output.ascii(detailsOf(folder.type(index), hex(folder.id(index)), folder.size(index)));
      }
      this.#name(folder.name(index));
    }
  }

  #below(path: string): void {
    const descent = this.#store.descend(path);
    while (descent?.next()) {
      if (this.#long) this.#output.ascii(this.#detailsIn(descent));
      this.#name(descent.path);
    }
  }

  #detailsIn(descent: Descent): string {
    const { tree, entry } = descent;
    if (tree.count > LARGEST_KEPT) return detailsOf(descent.type, hex(descent.id), descent.size);
    const kept = this.#details.get(tree) ?? this.#keep(tree);
    kept[entry] ??= detailsOf(descent.type, hex(descent.id), descent.size);
    return kept[entry];
  }

  #keep(tree: Tree): string[] {
    const kept: string[] = [];
    this.#details.set(tree, kept);
    return kept;
  }

  #name(name: Uint8Array): void {
    const isPlain = !this.#terminal || isPrintableAscii(name);
    this.#output.line(isPlain ? name : Buffer.from(printableBytes(name)));
  }
}

/** The part of a long line before the name. */
function detailsOf(type: EntryType, id: string, size: number): string {
  const shown = type === "tree" || type === "gitlink" ? "-" : String(size);
  return `${KINDS[type]}${id} ${shown.padStart(7)}\t`;
}

/** Whether all of these bytes are printable characters of ASCII. */
function isPrintableAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! < 0x20 || bytes[i]! > 0x7e) return false;
  return true;
}
