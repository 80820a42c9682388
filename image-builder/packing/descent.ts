import { DocteurError } from "../../reader/errors.ts";
import { parseCommit } from "../../reader/git/commit.ts";
import type { ObjectKind } from "../../reader/git/object.ts";
import { raw } from "../../reader/git/object-id.ts";
import { Tree } from "../../reader/git/tree.ts";
import { FreshBuffer } from "../../reader/pack/output-buffer.ts";
import { NumberList } from "../number-list.ts";
import type { SourceEntries } from "./source-entries.ts";
import type { SourcePacks } from "./source-packs.ts";

/** Bytes of a commit or tree at most. */
const LARGEST_READ = 64 * 1024 * 1024;

/** Added to the number of a tree in a list. */
const TREE = 2 ** 31;

/**
 * The entries of a commit in the order in which a reader meets them: the commit; all trees, parents before
 * their children; the blobs in the order of their first path, that of git's trees. Then what the commit does
 * not reach. Each comes once. Memory is 5 bytes an entry.
 *
 * It is only an order: what cannot be read counts as a tree without entries. `checkReadable` refuses it later
 * and says why.
 * @throws what `fs` throws.
 */
export function* descent(entries: SourceEntries, packs: SourcePacks, commit: string): Generator<number> {
  const id = raw(commit);
  const walk = new Descent(entries, packs, commit, id.length);
  const top = entries.find(id);
  if (top !== undefined) {
    yield* walk.trees(top);
    yield* walk.blobs();
  }
  yield* walk.rest();
}

/** Memory for a commit or tree that the reader reads. */
class TreeBuffer extends FreshBuffer {
  override reserve(size: number): void {
    if (size > LARGEST_READ) throw new DocteurError("OBJECT_TOO_LARGE", "the reader refuses it, too");
    super.reserve(size);
  }
}

class Descent {
  /** The commit's id, hexadecimal. */
  readonly #commit: string;
  readonly #idLength: number;
  readonly #entries: SourceEntries;
  readonly #packs: SourcePacks;
  /** Of each entry: whether it has come. */
  readonly #seen: Uint8Array;
  /** What each tree names: how much, then the entries. In the order in which the trees came. */
  readonly #named = new NumberList();

  constructor(entries: SourceEntries, packs: SourcePacks, commit: string, idLength: number) {
    this.#commit = commit;
    this.#idLength = idLength;
    this.#entries = entries;
    this.#packs = packs;
    this.#seen = new Uint8Array(entries.count);
  }

  /** The commit, and each tree where a walk in depth first meets it. */
  *trees(commit: number): Generator<number> {
    this.#seen[commit] = 1;
    yield commit;
    const content = this.#read(commit, "commit");
    const root = content && this.#entries.find(raw(parseCommit(content, this.#commit).tree));
    const pending = new NumberList();
    if (root !== undefined) pending.push(root);
    for (let tree = pending.pop(); tree !== undefined; tree = pending.pop()) {
      if (this.#seen[tree] !== 0) continue;
      this.#seen[tree] = 1;
      yield tree;
      const start = this.#named.length;
      this.#nameAll(tree);
      for (let at = this.#named.length - 1; at > start; at--) {
        const named = this.#named.at(at);
        if (named >= TREE) pending.push(named - TREE);
      }
    }
  }

  /** The blobs, from what was noted of the trees: the walk is the same, so each tree's list is the next. */
  *blobs(): Generator<number> {
    const entered = new Uint8Array(this.#seen.length);
    let next = 0;
    /** Of each tree on the way down: where its list goes on, and where it ends. */
    const stack = new NumberList();
    const enter = () => {
      if (next === this.#named.length) return;
      const start = next + 1;
      next = start + this.#named.at(next);
      stack.push(next);
      stack.push(start);
    };
    enter();
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const end = stack.at(stack.length - 1);
      for (; at < end; at++) {
        const entry = this.#named.at(at);
        if (entry < TREE) {
          if (isFirst(this.#seen, entry)) yield entry;
        } else if (isFirst(entered, entry - TREE)) {
          break;
        }
      }
      if (at === end) {
        stack.pop();
      } else {
        stack.push(at + 1);
        enter();
      }
    }
  }

  *rest(): Generator<number> {
    for (let entry = 0; entry < this.#seen.length; entry++) if (this.#seen[entry] === 0) yield entry;
  }

  /** Notes what a tree names. */
  #nameAll(entry: number): void {
    const start = this.#named.length;
    this.#named.push(0);
    const tree = this.#tree(entry);
    if (tree !== undefined) {
      for (let at = 0; at < tree.total; at++) {
        const type = tree.type(at);
        const found = type === "gitlink" ? undefined : this.#entries.find(tree.id(at));
        if (found !== undefined) this.#named.push(type === "tree" ? TREE + found : found);
      }
    }
    this.#named.set(start, this.#named.length - start - 1);
  }

  #tree(entry: number): Tree | undefined {
    const content = this.#read(entry, "tree");
    try {
      return content && new Tree(content, this.#idLength);
    } catch (error) {
      if (error instanceof DocteurError) return undefined;
      throw error;
    }
  }

  #read(entry: number, kind: ObjectKind): Uint8Array | undefined {
    const entries = this.#entries;
    const source = entries.source(entry);
    const pack = this.#packs.reader(source, (id) => {
      const base = entries.find(id);
      return base === undefined || entries.source(base) !== source ? undefined : entries.offset(base);
    });
    const buffer = new TreeBuffer();
    try {
      pack.read(entries.offset(entry), buffer);
    } catch (error) {
      if (error instanceof DocteurError) return undefined;
      throw error;
    }
    return buffer.kind === kind ? buffer.bytes : undefined;
  }
}

/** Marks a number. @returns whether it was not marked. */
function isFirst(marks: Uint8Array, number: number): boolean {
  const isNew = marks[number] === 0;
  marks[number] = 1;
  return isNew;
}
