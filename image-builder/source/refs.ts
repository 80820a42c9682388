import { DocteurError } from "../../reader/errors.ts";
import { isObjectId } from "../../reader/git/object-id.ts";

/** A reference as a repository advertises it. */
export interface Ref {
  /** In full, `refs/heads/main`; or `HEAD`. */
  readonly name: string;
  /** What it points at; for an annotated tag the tag object, not the commit. */
  readonly id: string;
  /** What an annotated tag leads to in the end, where the repository says that. */
  readonly peeled?: string | undefined;
}

/** The full names that git tries for a short one, in its order (gitrevisions(7)). */
const RULES: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => `refs/${name}`,
  (name) => `refs/tags/${name}`,
  (name) => `refs/heads/${name}`,
  (name) => `refs/remotes/${name}`,
  (name) => `refs/remotes/${name}/HEAD`,
];

/** Names that the error for a missing one lists. */
const SHOWN = 8;

/** Characters of such a name; a bundle or a server may give one of any length. */
const LONGEST = 200;

/**
 * The reference that `revision` names among `refs`, by git's rules; undefined when none does. A branch and a
 * tag of one name are ambiguous unless they point at one object: git picks the tag or the branch depending on
 * the command. None is named by a full id, as in git: a server could else pass off another commit under it.
 * @throws {DocteurError} `REF_AMBIGUOUS`.
 */
export function findRef(refs: readonly Ref[], revision: string): Ref | undefined {
  if (isObjectId(revision) && revision.length === refs[0]?.id.length) return undefined;
  const byName = new Map(refs.map((ref) => [ref.name, ref]));
  const found = RULES.map((rule) => byName.get(rule(revision))).filter((ref) => ref !== undefined);
  const [first] = found;
  if (first === undefined || first.name === revision) return first;
  const other = found.find((ref) => ref.id !== first.id);
  if (other !== undefined) {
    throw new DocteurError(
      "REF_AMBIGUOUS",
      `${revision} is ambiguous: give ${first.name} or ${other.name} in full`,
    );
  }
  return first;
}

/** The error for a missing name; lists the names that exist. */
export function refNotFound(refs: readonly Ref[], revision: string, where: string): DocteurError {
  const what = `${where} has no branch, tag or commit ${revision}; ${whatIsThere(refs)}`;
  return new DocteurError("REF_NOT_FOUND", `${what}${otherLength(refs, revision)}`);
}

/** The error for a repository whose HEAD names no commit. */
export function noHead(refs: readonly Ref[], where: string): DocteurError {
  if (!refs.some((ref) => ref.name !== "HEAD")) {
    return new DocteurError("EMPTY_REPOSITORY", `${where} is an empty repository: it has no commit yet`);
  }
  return new DocteurError(
    "REF_NOT_FOUND",
    `the HEAD of ${where} names no commit: choose one with -b; ${whatIsThere(refs)}`,
  );
}

/** What a message says of an id that has the length of another object format's, or is longer than any. */
function otherLength([ref]: readonly Ref[], revision: string): string {
  const digits = ref?.id.length;
  if (digits === undefined || digits === revision.length || !/^[0-9a-f]+$/i.test(revision)) return "";
  return isObjectId(revision) || revision.length > digits ? `; its ids have ${digits} digits` : "";
}

function whatIsThere(refs: readonly Ref[]): string {
  const branches = shortNames(refs, "refs/heads/");
  const tags = shortNames(refs, "refs/tags/");
  const lists = [list("branches", branches), list("tags", tags)].filter((text) => text !== "");
  return lists.length === 0 ? "it has no branches and no tags" : `it has the ${lists.join(" and the ")}`;
}

function shortNames(refs: readonly Ref[], prefix: string): string[] {
  return refs.filter((ref) => ref.name.startsWith(prefix)).map((ref) => ref.name.slice(prefix.length));
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > SHOWN ? `, ... (${names.length})` : "";
  const shown = names
    .slice(0, SHOWN)
    .map((name) => (name.length > LONGEST ? `${name.slice(0, LONGEST)}...` : name));
  return `${what} ${shown.join(", ")}${more}`;
}
