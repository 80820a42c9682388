import { createHash } from "node:crypto";
import { constants } from "node:fs";
import type { Description } from "../store/store.ts";
import { FileKind, MODES } from "./file-kind.ts";

const BLOCK_SIZE = 4096;
/** `blocks` counts these, whatever `blksize` says. */
const SECTOR_SIZE = 512;

/** Milliseconds from the epoch to the last moment that a Date can represent; a commit may have any date. */
const LATEST = 8.64e15;

/** The facts that all files of an image share. */
export interface ImageFacts {
  /** The commit's id, hexadecimal. */
  readonly id: string;
  readonly commit: { readonly committer: { readonly date: number } };
}

/**
 * The status of a file in an image, after `fs.Stats`. All four times are the commit's date. `dev` follows
 * from the commit and `ino` from the path, so both are the same whenever the image is opened.
 */
export class ImageStats extends FileKind {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink = 1;
  readonly uid = 0;
  readonly gid = 0;
  readonly rdev = 0;
  /** Bytes of a file, or of a link's target; 0 for a folder. */
  readonly size: number;
  readonly blksize = BLOCK_SIZE;
  readonly blocks: number;
  /** Milliseconds since the epoch, like the other three. */
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;
  readonly atime: Date;
  readonly mtime: Date;
  readonly ctime: Date;
  readonly birthtime: Date;

  constructor({ path, type, size }: Description, image: ImageFacts) {
    super();
    const time = Math.min(Math.max(image.commit.committer.date * 1000, -LATEST), LATEST);
    this.dev = Number.parseInt(image.id.slice(0, 8), 16);
    this.ino = inode(path);
    this.mode = MODES[type];
    this.size = size;
    this.blocks = Math.ceil(size / SECTOR_SIZE);
    this.atimeMs = this.mtimeMs = this.ctimeMs = this.birthtimeMs = time;
    this.atime = new Date(time);
    this.mtime = new Date(time);
    this.ctime = new Date(time);
    this.birthtime = new Date(time);
  }

  protected override get format(): number {
    return this.mode & constants.S_IFMT;
  }
}

/** The same in bigints, after `fs.BigIntStats`, and the times in nanoseconds too. */
export class ImageBigIntStats extends FileKind {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly nlink = 1n;
  readonly uid = 0n;
  readonly gid = 0n;
  readonly rdev = 0n;
  readonly size: bigint;
  readonly blksize = BigInt(BLOCK_SIZE);
  readonly blocks: bigint;
  readonly atimeMs: bigint;
  readonly mtimeMs: bigint;
  readonly ctimeMs: bigint;
  readonly birthtimeMs: bigint;
  /** Nanoseconds since the epoch, like the other three. */
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly birthtimeNs: bigint;
  readonly atime: Date;
  readonly mtime: Date;
  readonly ctime: Date;
  readonly birthtime: Date;

  constructor(stats: ImageStats) {
    super();
    this.dev = BigInt(stats.dev);
    this.ino = BigInt(stats.ino);
    this.mode = BigInt(stats.mode);
    this.size = BigInt(stats.size);
    this.blocks = BigInt(stats.blocks);
    this.atimeMs = this.mtimeMs = this.ctimeMs = this.birthtimeMs = BigInt(stats.mtimeMs);
    this.atimeNs = this.mtimeNs = this.ctimeNs = this.birthtimeNs = this.mtimeMs * 1_000_000n;
    this.atime = stats.atime;
    this.mtime = stats.mtime;
    this.ctime = stats.ctime;
    this.birthtime = stats.birthtime;
  }

  protected override get format(): number {
    return Number(this.mode) & constants.S_IFMT;
  }
}

/** 48 bits of the path's hash: a number represents them exactly, and two paths hardly ever share them. */
function inode(path: Uint8Array): number {
  return createHash("sha1").update(path).digest().readUIntBE(0, 6);
}
