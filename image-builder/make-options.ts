import type { HashAlgorithm } from "../reader/git/hash.ts";
import type { Compression } from "./packing/compression.ts";
import type { OnProgress } from "./progress.ts";

export interface MakeOptions {
  /** What to ship; see `parseEndpoint` for its forms. */
  readonly repository: string;
  /** The file to write. It appears whole or not at all; what was there before is replaced. */
  readonly image: string;
  /** Branch, tag or commit of a repository. Default: its HEAD. */
  readonly ref?: string | undefined;
  /**
   * The hash function that names the objects of a folder; default `sha1`. A repository must have been made
   * with it.
   */
  readonly objectFormat?: HashAlgorithm | undefined;
  /** RFC 3339; the date of a folder's commit. Default: now, in this machine's zone. */
  readonly date?: string | undefined;
  /** Bytes, a multiple of 512. Default: 512. */
  readonly blockSize?: number | undefined;
  /** `Name <email>`, for a folder's commit. Default: the original's Dr. Greenthumb. */
  readonly author?: string | undefined;
  /**
   * How much time is spent on a small image: `fast` searches no deltas and compresses less, `best` takes
   * several times as long as `default`. Without `repack`, what a repository has compressed is reused.
   * Default: `default`.
   */
  readonly compression?: Compression | undefined;
  /** Store every file undeltified, so that a server can send its zlib stream as it is. Default false. */
  readonly withoutDeltas?: boolean | undefined;
  /** Write no layout: the image is smaller, and reading it takes longer. Default false. */
  readonly withoutLayout?: boolean | undefined;
  /**
   * Repack a repository's objects, unless reusing its own deltas and streams makes a smaller PACK; with
   * `compression` `default` or `fast`, repack always. Default false.
   */
  readonly repack?: boolean | undefined;
  /** Read a work tree as a folder, rather than its commit. Default false. */
  readonly worktree?: boolean | undefined;
  /** Patterns of what a folder's image omits; see `exclusion`. Default: none. */
  readonly exclude?: readonly string[] | undefined;
  /** Seconds without data from a server after which the fetch fails, from 1. Default: 120. */
  readonly timeout?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** Aborting leaves nothing behind; `makeImage` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface MakeResult {
  /** Absolute path of the image. */
  readonly image: string;
  /** The hash function that names the objects. */
  readonly hash: HashAlgorithm;
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  /** Whether the commit is a repository's, or made of a folder. */
  readonly source: "repository" | "folder";
  /** Files and symbolic links in the commit. */
  readonly files: number;
  /** Bytes in all of them together. */
  readonly fileBytes: number;
  /**
   * Paths where submodules' commits are recorded, as messages show them; their files are not in the image.
   */
  readonly submodules: readonly string[];
  /** Files that are pointers of Git LFS. */
  readonly lfsPointers: number;
  /** Bytes of the image. */
  readonly bytes: number;
  /** Bytes of the PACK in it. */
  readonly packBytes: number;
  /** For the user, one line each: what the image omits, which option has no effect. */
  readonly notes: readonly string[];
}
