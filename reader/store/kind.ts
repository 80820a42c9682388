import type { EntryType } from "../git/tree.ts";

/** The kind of what a key names: a value is a file, a dictionary is a folder. */
export type Kind = "value" | "dictionary";

/** The kind of an entry; a submodule is an empty dictionary. */
export function kindOf(type: EntryType): Kind {
  return type === "tree" || type === "gitlink" ? "dictionary" : "value";
}
