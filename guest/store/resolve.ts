import type { Entry, Layout } from "../layout/layout.ts";
import { joinPath, splitPath } from "../layout/path.ts";

/** As Linux' MAXSYMLINKS. */
const MAX_LINKS = 40;

/** Why a path leads nowhere, in the words of the system call that would say so. */
export type Nowhere = "ENOENT" | "ENOTDIR" | "ELOOP";

/** Where a path leads: the entry and its path without links, `.` or `..`; or why nowhere. */
export type Resolution = { readonly path: Uint8Array; readonly entry: Entry } | Nowhere;

/**
 * Resolves a path as path_resolution(7) has it, with the image's root as `/`. A link whose target climbs above the root
 * leads outside, where nothing is; a `..` too many in the path itself stays at the root.
 *
 * @param readLink the target of a symbolic link.
 * @param follow whether a link in the last place is followed too.
 */
export function resolvePath(
  layout: Layout,
  path: Uint8Array,
  readLink: (link: Entry) => Uint8Array,
  follow: boolean,
): Resolution {
  const names = splitPath(path);
  if (!names.some(isDots)) {
    // Nearly every path is written as git has it and crosses no link.
    const normal = names.reduce(joinPath, EMPTY);
    const entry = layout.find(normal);
    if (
      entry !== undefined &&
      (isFolder(entry) || !endsInSlash(path)) &&
      (entry.type !== "symlink" || !follow)
    ) {
      return { path: normal, entry };
    }
  }
  return walk(layout, path, names, readLink, follow);
}

interface Step {
  readonly name: Uint8Array;
  readonly fromLink: boolean;
}

function walk(
  layout: Layout,
  path: Uint8Array,
  names: Uint8Array[],
  readLink: (link: Entry) => Uint8Array,
  follow: boolean,
): Resolution {
  const root = layout.find(EMPTY) as Entry;
  const parents: { path: Uint8Array; entry: Entry }[] = [];
  let here: { path: Uint8Array; entry: Entry } = { path: EMPTY, entry: root };
  const steps: Step[] = names.map((name) => ({ name, fromLink: false })).reverse();
  let links = 0;
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (!isFolder(here.entry)) return "ENOTDIR";
    if (isDot(step.name)) continue;
    if (isDotDot(step.name)) {
      const parent = parents.pop();
      if (parent === undefined && step.fromLink) return "ENOENT";
      here = parent ?? here;
      continue;
    }
    const childPath = joinPath(here.path, step.name);
    const child = here.entry.type === "tree" ? layout.find(childPath) : undefined;
    if (child === undefined) return "ENOENT";
    const last = steps.length === 0;
    if (child.type !== "symlink" || (last && !follow && !endsInSlash(path))) {
      parents.push(here);
      here = { path: childPath, entry: child };
      continue;
    }
    if (++links > MAX_LINKS) return "ELOOP";
    const target = readLink(child);
    if (target.length === 0) return "ENOENT";
    if (target[0] === SLASH) {
      parents.length = 0;
      here = { path: EMPTY, entry: root };
    }
    // A target that ends in a slash must be a folder; "." asks just that of whatever the names before lead to.
    if (endsInSlash(target)) steps.push({ name: DOT, fromLink: true });
    for (const name of splitPath(target).reverse()) steps.push({ name, fromLink: true });
  }
  if (endsInSlash(path) && !isFolder(here.entry)) return "ENOTDIR";
  return here;
}

const EMPTY: Uint8Array = new Uint8Array();
const SLASH = 0x2f;
const DOT = Uint8Array.of(0x2e);

/** A submodule's place is a folder, empty as in a checkout without submodules. */
function isFolder({ type }: Entry): boolean {
  return type === "tree" || type === "gitlink";
}

function endsInSlash(path: Uint8Array): boolean {
  return path.at(-1) === SLASH;
}

function isDot(name: Uint8Array): boolean {
  return name.length === 1 && name[0] === 0x2e;
}

function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === 0x2e && name[1] === 0x2e;
}

function isDots(name: Uint8Array): boolean {
  return isDot(name) || isDotDot(name);
}
