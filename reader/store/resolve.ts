import type { Entry, Layout } from "../paths/layout.ts";
import { splitPath } from "../paths/path.ts";

/** As Linux' MAXSYMLINKS. */
const MAX_LINKS = 40;

/**
 * Bytes of all paths that a walk looks up, one for each step. Some layouts compare all of them: 40 links of
 * 2,000 steps each at the end of a long path would take minutes.
 */
const MAX_EFFORT = 256 * 1024 ** 2;

/** Why a path names nothing, by the error of the system call. */
export type Nowhere = "ENOENT" | "ENOTDIR" | "ELOOP";

/** What a path names: the entry and its path without links, `.` or `..`; or why it names nothing. */
export type Resolution = { readonly path: Uint8Array; readonly entry: Entry } | Nowhere;

/**
 * Resolves a path as path_resolution(7) says, with the image's root as `/`. A link whose target climbs above
 * the root leads outside, where there is nothing. A `..` too many in the path itself stays at the root.
 *
 * @param readLink returns the target of a symbolic link; an empty target names nothing.
 * @param follow whether a link that is the last name is followed too.
 */
export function resolvePath(
  layout: Layout,
  path: Uint8Array,
  readLink: (link: Entry) => Uint8Array,
  follow: boolean,
): Resolution {
  // Nearly every path is written as git writes it and crosses no link.
  const normal = asNormal(path);
  if (normal !== undefined) {
    const entry = layout.find(normal);
    if (entry !== undefined && (entry.type !== "symlink" || !follow)) return { path: normal, entry };
  }
  return walk(layout, path, readLink, follow);
}

interface Step {
  readonly name: Uint8Array;
  readonly fromLink: boolean;
}

function walk(
  layout: Layout,
  path: Uint8Array,
  readLink: (link: Entry) => Uint8Array,
  follow: boolean,
): Resolution {
  const root = layout.find(EMPTY) as Entry;
  const here = new Walk(root);
  const steps: Step[] = splitPath(path)
    .map((name) => ({ name, fromLink: false }))
    .reverse();
  let links = 0;
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (!isFolder(here.entry)) return "ENOTDIR";
    if (isDot(step.name)) continue;
    if (isDotDot(step.name)) {
      if (!here.leave() && step.fromLink) return "ENOENT";
      continue;
    }
    const child = here.entry.type === "tree" ? here.child(layout, step.name) : undefined;
    if (child === undefined) return "ENOENT";
    if (here.effort > MAX_EFFORT) return "ELOOP";
    const last = steps.length === 0;
    if (child.type !== "symlink" || (last && !follow && !endsInSlash(path))) {
      here.enter(child);
      continue;
    }
    if (++links > MAX_LINKS) return "ELOOP";
    const target = readLink(child);
    if (target.length === 0) return "ENOENT";
    if (target[0] === SLASH) while (here.leave());
    // A target that ends in a slash must name a folder. The step "." checks just that.
    if (endsInSlash(target)) steps.push({ name: DOT_NAME, fromLink: true });
    for (const name of splitPath(target).reverse()) steps.push({ name, fromLink: true });
  }
  if (endsInSlash(path) && !isFolder(here.entry)) return "ENOTDIR";
  return { path: here.path, entry: here.entry };
}

/** The state of a walk. One buffer holds its path, however deep: a copy for each folder would add up. */
class Walk {
  entry: Entry;
  readonly #above: { readonly entry: Entry; readonly length: number }[] = [];
  #bytes = new Uint8Array(256);
  #length = 0;
  /** Bytes of the path of the child that was looked up last. */
  #childLength = 0;
  /** Bytes of all paths that were looked up. */
  effort = 0;

  constructor(root: Entry) {
    this.entry = root;
  }

  get path(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  child(layout: Layout, name: Uint8Array): Entry | undefined {
    const start = this.#length === 0 ? 0 : this.#length + 1;
    this.#childLength = start + name.length;
    this.effort += this.#childLength;
    if (this.#childLength > this.#bytes.length) {
      const larger = new Uint8Array(this.#childLength * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    if (start > 0) this.#bytes[start - 1] = SLASH;
    this.#bytes.set(name, start);
    return layout.findIn(this.entry, name, this.#bytes.subarray(0, this.#childLength));
  }

  /** Goes to the child that was looked up last. */
  enter(child: Entry): void {
    this.#above.push({ entry: this.entry, length: this.#length });
    this.entry = child;
    this.#length = this.#childLength;
  }

  /** Goes to the folder above; false if there is none. */
  leave(): boolean {
    const above = this.#above.pop();
    if (above === undefined) return false;
    this.entry = above.entry;
    this.#length = above.length;
    return true;
  }
}

const EMPTY: Uint8Array = new Uint8Array();
const SLASH = 0x2f;
const DOT = 0x2e;
const DOT_NAME = Uint8Array.of(DOT);

/** The path without its leading slash, if that makes it normal: no empty names, no `.`, no `..`. */
function asNormal(path: Uint8Array): Uint8Array | undefined {
  const start = path[0] === SLASH ? 1 : 0;
  let nameStart = start;
  for (let i = start; i <= path.length; i++) {
    if (i < path.length && path[i] !== SLASH) continue;
    const length = i - nameStart;
    const dots = length <= 2 && path[nameStart] === DOT && (length === 1 || path[nameStart + 1] === DOT);
    if ((length === 0 && path.length > start) || dots) return undefined;
    nameStart = i + 1;
  }
  return start === 0 ? path : path.subarray(start);
}

/** A submodule is a folder, empty as in a checkout without submodules. */
function isFolder({ type }: Entry): boolean {
  return type === "tree" || type === "gitlink";
}

function endsInSlash(path: Uint8Array): boolean {
  return path.at(-1) === SLASH;
}

function isDot(name: Uint8Array): boolean {
  return name.length === 1 && name[0] === DOT;
}

function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT && name[1] === DOT;
}
