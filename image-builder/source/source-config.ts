import { stat } from "node:fs/promises";
import { DocteurError } from "../../reader/errors.ts";
import { reason, tryGit } from "./git.ts";

/** One line of a repository's `config`. */
export interface Setting {
  /** As git lists it: section and name in lower case, the subsection between them as it is. */
  readonly key: string;
  /** Undefined for a name alone, which means true. */
  readonly value?: string | undefined;
}

/** Bytes; a config that names thousands of branches has some hundred thousand. */
const MAX_CONFIG = 16 * 1024 * 1024;

/**
 * Extensions that say nothing of how refs and objects are stored: a server that missing objects are fetched
 * from, a second file of settings, a hash function for second names of the objects, which few gits know.
 */
const NO_FORMAT = ["extensions.partialclone", "extensions.worktreeconfig", "extensions.compatobjectformat"];

/**
 * What decides whether git takes a file for changed: facts of the file system, and what is wanted of line
 * ends.
 */
const FACTS = [
  ...["core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode"],
  ...["core.trustctime", "core.checkstat", "core.autocrlf", "core.eol", "status.showuntrackedfiles"],
];

/** Whether a setting says how the repository is stored; git refuses an extension that it does not know. */
export function isFormat({ key }: Setting): boolean {
  return (
    key === "core.repositoryformatversion" || (/^extensions\.[^.]+$/.test(key) && !NO_FORMAT.includes(key))
  );
}

/**
 * Whether a setting belongs to the comparison of a work tree with its index. None of them names a program or
 * a file.
 */
export function isFact({ key }: Setting): boolean {
  return FACTS.includes(key);
}

/**
 * The settings in a file, those of files that it includes not among them; none if there is no such file.
 * @throws {DocteurError} `NOT_A_REPOSITORY`, with git's own reason.
 */
export async function readConfig(file: string, signal?: AbortSignal): Promise<Setting[]> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined) return [];
  // Of a FIFO git would wait for the end.
  if (!stats.isFile() || stats.size > MAX_CONFIG) {
    throw new DocteurError("NOT_A_REPOSITORY", `${file} is not a configuration file of git`);
  }
  const list = ["config", "--file", file, "--no-includes", "--list", "-z"];
  const result = await tryGit(list, { signal });
  if (result.status !== 0) {
    throw new DocteurError(
      "NOT_A_REPOSITORY",
      `git cannot read the settings of the repository: ${reason(result)}`,
    );
  }
  return result.stdout
    .split("\0")
    .slice(0, -1)
    .map((line) => {
      const end = line.indexOf("\n");
      return end < 0 ? { key: line } : { key: line.slice(0, end), value: line.slice(end + 1) };
    });
}

/**
 * The text of a `config` with these settings, each of a section without subsections (git-config(1),
 * "Syntax").
 */
export function encodeConfig(settings: readonly Setting[]): string {
  return settings
    .map(({ key, value }) => {
      const [section, name] = key.split(".");
      const quoted = value?.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n");
      return `[${section}]\n\t${name}${quoted === undefined ? "" : ` = "${quoted}"`}\n`;
    })
    .join("");
}
