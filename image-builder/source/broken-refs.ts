import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { algorithmOf, HASH_NAMES } from "../../reader/git/object-format.ts";
import { isObjectId } from "../../reader/git/object-id.ts";
import { type GitResult, reason } from "./git.ts";
import { findRef, type Ref } from "./refs.ts";

/** The refs of which git says, when it lists them, that it leaves them out because they are broken. */
export function brokenRefs({ stderr }: GitResult): Ref[] {
  return Array.from(stderr.matchAll(/^warning: ignoring broken ref (.+)$/gm), ([, name = ""]) => ({
    name,
    id: "",
  }));
}

/** The error for a list of refs that git cannot read. @param where the repository, for messages. */
export function unreadableRefs(where: string, result: GitResult): DocteurError {
  const why = reason(result);
  const [id] = /\b[0-9a-f]{40,}\b/.exec(why) ?? [];
  return new DocteurError("NOT_A_REPOSITORY", `git cannot read the refs of ${where}: ${why}${remedy(id)}`);
}

/**
 * Checks that a revision that leads nowhere is not a ref that is broken: such a one is not missing.
 * @param revision the name of a ref, or HEAD. @param where the repository, for messages.
 * @throws {DocteurError} `NOT_A_REPOSITORY`.
 */
export function refuseBrokenRef(
  gitDir: string,
  revision: string,
  where: string,
  broken: readonly Ref[],
): void {
  const name = revision === "HEAD" ? targetOfHead(gitDir) : findRef(broken, revision)?.name;
  if (name === undefined || (name !== "HEAD" && !broken.some((ref) => ref.name === name))) return;
  const what = `the ref ${name} of ${where} is broken: git finds no id in it`;
  throw new DocteurError("NOT_A_REPOSITORY", `${what}${remedy(contentOf(join(gitDir, name)))}`);
}

/** The branch that HEAD names, or HEAD itself if it names none. Git does not say it of one that is broken. */
function targetOfHead(gitDir: string): string {
  const [, target = "HEAD"] = /^ref:\s*(.+)$/.exec(contentOf(join(gitDir, "HEAD")) ?? "") ?? [];
  return target;
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return undefined;
  }
}

/** What a message says of an id that git does not take for one: it has the length of another format's. */
function remedy(id: string | undefined): string {
  if (id === undefined || !isObjectId(id)) return "";
  const hash = algorithmOf(id);
  const settings = `core.repositoryFormatVersion = 1 and extensions.objectFormat = ${hash}`;
  return `; what is there is a ${HASH_NAMES[hash]} id, for which the config must have ${settings}`;
}
