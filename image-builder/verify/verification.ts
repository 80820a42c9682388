import type { Signature } from "../../reader/git/commit.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import type { ObjectKind } from "../../reader/git/object.ts";

/** What a verified image contains. All sizes in bytes. */
export interface Verification {
  /** The hash function that names the objects. */
  readonly hash: HashAlgorithm;
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  readonly author: Signature;
  readonly committer: Signature;
  /** The root tree's id, hexadecimal. */
  readonly root: string;
  /** Undefined when the commit has none, as that of a folder. */
  readonly message: string | undefined;
  /** Objects in the PACK, by kind. */
  readonly objects: Readonly<Record<ObjectKind, number>>;
  /** Objects in the PACK that the commit does not reach: harmless, but unused. */
  readonly unreachable: number;
  /** The number of deltas, and the length of the longest chain of them. */
  readonly deltas: number;
  readonly longestChain: number;
  readonly sizes: VerifiedSizes;
}

export interface VerifiedSizes {
  readonly image: number;
  readonly pack: number;
  /** 0 if the image has no layout. */
  readonly layout: number;
  readonly idx: number;
  /** Where the IDX begins in the image. */
  readonly indexOffset: number;
  /** All objects together, inflated. */
  readonly objects: number;
}

/** A verification, and the bytes of the commit object. */
export interface VerifiedCommit {
  readonly verification: Verification;
  readonly commitObject: Uint8Array;
}
