import { closeSync, openSync, readSync } from "node:fs";
import { DocteurError } from "../../reader/errors.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { type BundleHeader, badBundle, readBundleHeader } from "./bundle-header.ts";
import { git, gitFailed, reason, tryGit } from "./git.ts";
import type { OnGitProgress } from "./git-progress.ts";
import { initBare } from "./init-bare.ts";
import { resolveCommit } from "./local-repository.ts";
import { findRef, noHead } from "./refs.ts";

/** Where HEAD points if the bundle has none; git makes no refs there. */
const NO_HEAD = "refs/docteur/no-head";

/** Bytes of a header that are skipped at a time. */
const CHUNK = 64 * 1024;

export interface UnbundleOptions {
  readonly onProgress?: OnGitProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An open bundle. Disposing of it closes the file. */
export class Bundle implements Disposable {
  readonly path: string;
  readonly #header: BundleHeader;
  readonly #file: number;

  private constructor(path: string, file: number, header: BundleHeader) {
    this.path = path;
    this.#file = file;
    this.#header = header;
  }

  /** @throws {DocteurError} `BAD_BUNDLE`, `SOURCE_UNREADABLE`. */
  static open(path: string): Bundle {
    let file: number;
    try {
      file = openSync(path, "r");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new DocteurError("SOURCE_UNREADABLE", `${path}: the bundle cannot be read: ${code}`);
    }
    try {
      return new Bundle(path, file, readBundleHeader(file, path));
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** The hash function that names its objects. */
  get format(): HashAlgorithm {
    return this.#header.format;
  }

  /**
   * Makes the new bare repository `gitDir` of it, with its refs and its HEAD. Once only: reading moves the
   * position of the file.
   * @throws {DocteurError} `INCOMPLETE_REPOSITORY` for a bundle with prerequisites, `BAD_BUNDLE`,
   * `DISK_FULL`; the signal's reason when aborted.
   */
  async unbundle(gitDir: string, { onProgress, signal }: UnbundleOptions): Promise<void> {
    const { format, prerequisites, size } = this.#header;
    if (prerequisites.length > 0) throw this.#incremental();
    await initBare(gitDir, format, signal);
    // git reads from where the PACK begins.
    for (let left = size; left > 0; ) {
      const skipped = Buffer.alloc(Math.min(left, CHUNK));
      const count = readSync(this.#file, skipped, 0, skipped.length, null);
      if (count === 0) throw badBundle(this.path, "it became shorter");
      left -= count;
    }
    const index = ["index-pack", "--stdin", "-v"];
    const result = await tryGit(index, { gitDir, inputFile: this.#file, onProgress, signal });
    if (result.status !== 0) throw this.#failed(gitFailed(index, result), reason(result));
    await this.#createRefs(gitDir, signal);
  }

  /**
   * The id of the commit that `revision` names, of its HEAD by default.
   * @param gitDir where to make a repository, if the header alone does not tell.
   * @throws {DocteurError} as `unbundle` and `resolveCommit` do.
   */
  async resolve(revision: string | undefined, gitDir: string, signal?: AbortSignal): Promise<string> {
    const { refs } = this.#header;
    const ref = findRef(refs, revision ?? "HEAD");
    // These lead to a commit, a tag may lead to one by others.
    if (ref?.name === "HEAD" || ref?.name.startsWith("refs/heads/")) return ref.id;
    if (revision === undefined) throw noHead(refs, this.path);
    await this.unbundle(gitDir, { signal });
    return await resolveCommit(gitDir, this.path, revision, signal);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  async #createRefs(gitDir: string, signal: AbortSignal | undefined): Promise<void> {
    // A new HEAD names a branch, which git does not update together with it.
    await git(["symbolic-ref", "HEAD", NO_HEAD], { gitDir, signal });
    // Git takes a name once.
    const ids = new Map(this.#header.refs.map(({ name, id }) => [name, id]));
    const input = Array.from(ids, ([name, id]) => `option no-deref\0update ${name}\0${id}\0\0`);
    const update = ["update-ref", "--stdin", "-z"];
    const result = await tryGit(update, { gitDir, input: input.join(""), signal });
    if (result.status !== 0) throw this.#failed(gitFailed(update, result), reason(result));
  }

  #failed(cause: DocteurError, why: string): DocteurError {
    if (cause.code === "DISK_FULL") return cause;
    const { code, message } = badBundle(this.path, why);
    return new DocteurError(code, message, { cause });
  }

  #incremental(): DocteurError {
    const [first = "", ...others] = this.#header.prerequisites;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    const what = `the bundle ${this.path} lacks what the commit ${first}${more} has`;
    return new DocteurError(
      "INCOMPLETE_REPOSITORY",
      `${what}: fetch it into a repository that has that commit, or make a bundle of the whole history`,
    );
  }
}
