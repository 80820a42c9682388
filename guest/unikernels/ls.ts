import { hex } from "../../reader/git/object-id.ts";
import { type EntryType, MODES, type Tree } from "../../reader/git/tree.ts";
import type { Descent } from "../../reader/paths/descent.ts";
import { printableBytes } from "../../reader/printable.ts";
import type { Store } from "../../reader/store/store.ts";
import type { Console, Unikernel } from "../unikernel.ts";
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
  const listing = new Listing(store, console, options.has("-l"), terminal);
  return worst(folders, (path) =>
    attempt(console, "ls", () => {
      try {
        listing.list(path, options.has("-R"));
      } finally {
        listing.flush();
      }
    }),
  );
};

/** Entries of the largest tree whose lines are cached, for a folder that occurs again and again. */
const LARGEST_KEPT = 1000;

class Listing {
  readonly #store: Store;
  readonly #long: boolean;
  readonly #terminal: boolean;
  readonly #output: BatchedOutput;
  readonly #details = new WeakMap<Tree, string[]>();

  constructor(store: Store, console: Console, long: boolean, terminal: boolean) {
    this.#store = store;
    this.#long = long;
    this.#terminal = terminal;
    this.#output = new BatchedOutput(console);
  }

  list(path: string, recursive: boolean): void {
    const { kind, type, id, size } = this.#store.describe(path);
    if (kind === "value") {
      this.#line(Buffer.from(path), () => detailsOf(type, id, size));
      return;
    }
    const descent = this.#store.descend(path);
    while (descent?.next()) {
      if (!recursive) descent.skip();
      this.#line(descent.path, () => this.#detailsIn(descent));
    }
  }

  flush(): void {
    this.#output.flush();
  }

  #detailsIn(descent: Descent): string {
    const { tree, entry } = descent;
    const details = () => detailsOf(descent.type, hex(descent.id), descent.size);
    if (tree.count > LARGEST_KEPT) return details();
    const kept = this.#details.get(tree) ?? [];
    this.#details.set(tree, kept);
    kept[entry] ??= details();
    return kept[entry];
  }

  #line(name: Uint8Array, details: () => string): void {
    if (this.#long) this.#output.text(details());
    this.#output.bytes(this.#terminal ? Buffer.from(printableBytes(name)) : name);
    this.#output.text("\n");
  }
}

/** The part of a long line before the name. */
function detailsOf(type: EntryType, id: string, size: number): string {
  const mode = MODES[type].toString(8).padStart(6, "0");
  const hasSize = type !== "tree" && type !== "gitlink";
  const word = type === "tree" ? "tree" : type === "gitlink" ? "commit" : "blob";
  return `${mode} ${word} ${id} ${(hasSize ? String(size) : "-").padStart(7)}\t`;
}
