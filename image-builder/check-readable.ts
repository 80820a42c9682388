import { openFileDevice } from "../guest/block/file.ts";
import { SectorCache } from "../guest/block/sector-cache.ts";
import { DocteurError } from "../guest/errors.ts";
import { parseCommit } from "../guest/git/commit.ts";
import { whyForbidden } from "../guest/git/forbidden-name.ts";
import { raw } from "../guest/git/object-id.ts";
import { Tree } from "../guest/git/tree.ts";
import { TreeError } from "../guest/git/tree-error.ts";
import { Idx } from "../guest/pack/idx.ts";
import { Objects } from "../guest/pack/objects.ts";
import { Pack } from "../guest/pack/pack.ts";
import { shownPath } from "./folder/shown-path.ts";
import { Turns } from "./folder/turns.ts";
import type { PackFiles } from "./packing/pack-objects.ts";

/** Something in a commit. It knows the folder above rather than its path: all paths together may be longer than any memory. */
interface Placed {
  readonly name: Uint8Array;
  /** Undefined for the root. */
  readonly above: Placed | undefined;
}

/** A folder that is yet to be read. */
interface Folder extends Placed {
  readonly id: Uint8Array;
}

/** Entries whose name an entry before them in the same tree has: no path leads to them. */
export interface HiddenEntries {
  readonly count: number;
  /** The first of them, as messages show paths. */
  readonly paths: readonly string[];
}

/** Paths that are kept for a note. */
const TOLD = 8;

/** Milliseconds: meanwhile the image is written, a piece each turn. */
const TURN = 2;

/**
 * Reads the commit and every tree of a PACK that is to be published, each tree once, with the reader's own code, and looks up each
 * blob that they name: what the reader refuses must not become an image. Memory is bound to the number of trees.
 *
 * @param where the source, for messages.
 * @throws {DocteurError} `UNREADABLE_COMMIT`: the path of what the reader refuses, why, and what to do; the signal's reason when
 * aborted.
 */
export async function checkReadable(
  files: PackFiles,
  commit: string,
  where: string,
  signal?: AbortSignal,
): Promise<HiddenEntries> {
  const [packDevice, idxDevice] = [openFileDevice(files.pack), openFileDevice(files.idx)];
  try {
    const cache = new SectorCache(packDevice);
    const index = new Idx(new SectorCache(idxDevice), 0, cache.size);
    const pack = new Pack(cache, 0, cache.size, (base) => index.find(base));
    return await new Check(new Objects(index, pack), pack, where).run(commit, new Turns(signal, TURN));
  } finally {
    packDevice.close();
    idxDevice.close();
  }
}

/** What the user should know of hidden entries, one line. */
export function hiddenNotes({ count, paths }: HiddenEntries): string[] {
  if (count === 0) return [];
  const more = count > paths.length ? `, ... (${count})` : "";
  return [`of several entries with one name the first is read, as git show does: ${paths.join(", ")}${more}`];
}

class Check {
  readonly #objects: Objects;
  readonly #pack: Pack;
  readonly #where: string;
  readonly #pending: Folder[] = [];
  /** Raw ids of trees, their bytes as Latin-1. */
  readonly #met = new Set<string>();
  readonly #hidden: string[] = [];
  #hiddenCount = 0;

  constructor(objects: Objects, pack: Pack, where: string) {
    this.#objects = objects;
    this.#pack = pack;
    this.#where = where;
  }

  async run(commit: string, turns: Turns): Promise<HiddenEntries> {
    this.#meet({ id: this.#root(commit), name: new Uint8Array(), above: undefined });
    for (let folder = this.#pending.pop(); folder !== undefined; folder = this.#pending.pop()) {
      if (turns.isOver) await turns.yield();
      this.#read(folder);
    }
    return { count: this.#hiddenCount, paths: this.#hidden };
  }

  #root(commit: string): Uint8Array {
    try {
      return raw(parseCommit(this.#objects.read(raw(commit), "commit")).tree);
    } catch (error) {
      throw this.#refusal(`commit ${commit}`, error);
    }
  }

  #read(folder: Folder): void {
    let tree: Tree;
    try {
      tree = new Tree(this.#objects.read(folder.id, "tree"));
    } catch (error) {
      const name = error instanceof TreeError ? error.forbidden : undefined;
      throw this.#refusal(shown(name === undefined ? folder : { name, above: folder }), error);
    }
    for (let entry = 0; entry < tree.count; entry++) {
      const type = tree.type(entry);
      if (type === "tree") this.#meet({ ...tree.entry(entry), above: folder });
      else if (type !== "gitlink")
        this.#blob(tree.id(entry), () => ({ name: tree.name(entry), above: folder }));
    }
    for (const { type, name, id } of tree.hidden()) {
      const here = { name, above: folder };
      if (type === "tree") this.#meet({ id, ...here });
      else if (type !== "gitlink") this.#blob(id, () => here);
      if (this.#hiddenCount++ < TOLD) this.#hidden.push(shown(here));
    }
  }

  /** A blob that is stored whole is known by the header of its entry: that is the short way for most. */
  #blob(id: Uint8Array, placed: () => Placed): void {
    try {
      const place = this.#objects.place(id);
      if (place !== undefined && this.#pack.header(place).kind === "blob") return;
      this.#objects.describe(id, "blob");
    } catch (error) {
      throw this.#refusal(shown(placed()), error);
    }
  }

  #meet({ id, name, above }: Folder): void {
    const key = Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
    if (this.#met.has(key)) return;
    this.#met.add(key);
    // Copies: what was read is a view into the tree, which would stay in memory.
    this.#pending.push({ id: Uint8Array.from(id), name: Uint8Array.from(name), above });
  }

  #refusal(what: string, error: unknown): unknown {
    if (!(error instanceof DocteurError)) return error;
    const forbidden = error instanceof TreeError && error.forbidden !== undefined;
    const why = forbidden ? whyForbidden(error.forbidden) : error.message.replace(/^invalid image: /, "");
    const remedy = forbidden
      ? "rename it in a new commit, or choose another commit with -b"
      : "choose another commit with -b";
    const message = `${this.#where}: ${what} cannot be in an image: ${why}; ${remedy}`;
    return new DocteurError("UNREADABLE_COMMIT", message, { cause: error });
  }
}

/** The path for a message; `/` for the root. */
function shown(placed: Placed): string {
  const names: Uint8Array[] = [];
  for (let at: Placed | undefined = placed; at?.above !== undefined; at = at.above) names.push(at.name);
  return names.length === 0
    ? "/"
    : shownPath(Buffer.concat(names.reverse().flatMap((name, i) => (i === 0 ? [name] : [SLASH, name]))));
}

const SLASH = Buffer.from("/");
