import * as fs from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { BLOCK_SIZE } from "../block-cache.ts";
import { ABOUT, COUNT, type ImageAbout, isImageName, isSegmentName, OPENINGS } from "./layout.ts";
import { textOf } from "./text-of.ts";

/** Of the limit, what is left after pruning: it is not worth the while to prune with each block. */
const LEFT = 7 / 8;

/** Files between two moments for other work. */
const PIECE = 256;

/** Milliseconds after which what is neither a segment nor a description was left by a process that died. */
const LEFTOVER_MS = 60 * 60 * 1000;

/** Milliseconds by which the clock of a file system on a network may be ahead. */
const AHEAD_MS = 60 * 60 * 1000;

/** `st_blocks` is in units of 512 bytes, whatever the file system's own are (stat(2)). */
const STAT_BLOCK = 512;

/** What is kept of an image. */
export interface KeptImage {
  /** Of its folder. */
  readonly name: string;
  /** Undefined if the description is lost. */
  readonly about: ImageAbout | undefined;
  /** Bytes on the disk. */
  readonly kept: number;
  readonly used: Date;
}

interface Segment {
  readonly path: string;
  readonly bytes: number;
  readonly used: number;
}

/**
 * Counts a block that has been put into a folder of blocks: one byte is appended to a file, which all
 * processes can do at once.
 * @returns whether there are more than the limit, in bytes, at a guess.
 */
export function addBlock(folder: string, limit: number): boolean {
  const fd = openCount(folder);
  try {
    fs.writeSync(fd, Buffer.alloc(1));
    const { size } = fs.fstatSync(fd);
    // A count that begins now knows nothing of what there is.
    return size === 1 || size * BLOCK_SIZE > limit;
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Removes the segments that were used longest ago, until the others have no more than 7/8 of the limit, unless
 * they are within the limit.
 * @throws errors of the file system.
 */
export async function prune(folder: string, limit: number): Promise<void> {
  // At once, so that no other process does the same.
  setCount(folder, limit * LEFT);
  await removeOldest(folder, limit, limit * LEFT);
}

/**
 * Removes what was used longest ago until no more than so many bytes are kept; 0 removes all.
 * @returns bytes that were removed.
 * @throws errors of the file system.
 */
export async function pruneTo(folder: string, bytes: number): Promise<number> {
  if (bytes === 0) fs.rmSync(join(folder, OPENINGS), { recursive: true, force: true });
  return await removeOldest(folder, bytes, bytes);
}

async function removeOldest(folder: string, limit: number, target: number): Promise<number> {
  const segments = (await scan(folder)).flatMap((image) => image.segments);
  const sum = segments.reduce((total, { bytes }) => total + bytes, 0);
  let left = sum;
  if (sum > limit) {
    for (const { path, bytes } of segments.sort((a, b) => a.used - b.used)) {
      if (left <= target) break;
      fs.rmSync(path, { force: true });
      left -= bytes;
    }
    removeEmpty(folder);
  }
  if (fs.existsSync(folder)) setCount(folder, left);
  return sum - left;
}

/** What is kept of each image, the last used first. */
export async function listImages(folder: string): Promise<KeptImage[]> {
  const images = (await scan(folder)).filter(({ segments }) => segments.length > 0);
  return images
    .map(({ name, kept, segments }) => ({
      name,
      about: aboutOf(join(folder, name)),
      kept,
      used: new Date(segments.reduce((last, { used }) => Math.max(last, used), 0)),
    }))
    .sort((a, b) => b.used.getTime() - a.used.getTime());
}

async function scan(folder: string) {
  const images: { name: string; segments: Segment[]; kept: number }[] = [];
  let files = 0;
  for (const name of namesIn(folder).filter(isImageName)) {
    const segments: Segment[] = [];
    for (const file of namesIn(join(folder, name))) {
      if (++files % PIECE === 0) await yieldToEvents();
      const path = join(folder, name, file);
      const stats = fs.lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined || stats.isDirectory()) continue;
      if (isSegmentName(file)) {
        segments.push({ path, bytes: stats.blocks * STAT_BLOCK, used: believable(stats.mtimeMs) });
      } else if (file !== ABOUT && stats.mtimeMs < Date.now() - LEFTOVER_MS) fs.rmSync(path, { force: true });
    }
    images.push({ name, segments, kept: segments.reduce((sum, { bytes }) => sum + bytes, 0) });
  }
  return images;
}

/** A time; 1970 in place of one in the future: a clock was wrong then, and what is used now has another. */
function believable(time: number): number {
  return time > Date.now() + AHEAD_MS ? 0 : time;
}

/** Removes the folders of images of which nothing is kept. */
function removeEmpty(folder: string): void {
  for (const name of namesIn(folder).filter(isImageName)) {
    const image = join(folder, name);
    if (namesIn(image).some((file) => file !== ABOUT)) continue;
    try {
      fs.rmSync(join(image, ABOUT), { force: true });
      fs.rmdirSync(image);
    } catch {
      // Another process has just put a block there.
    }
  }
}

/** Not what a link leads to, and no FIFO, which nobody may read. @throws errors of the file system. */
function openCount(folder: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  return fs.openSync(join(folder, COUNT), flags, 0o600);
}

function setCount(folder: string, bytes: number): void {
  const fd = openCount(folder);
  try {
    fs.ftruncateSync(fd, Math.max(1, Math.ceil(bytes / BLOCK_SIZE)));
  } finally {
    fs.closeSync(fd);
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function aboutOf(folder: string): ImageAbout | undefined {
  try {
    const { display, size } = JSON.parse(textOf(join(folder, ABOUT)) ?? "");
    return typeof display === "string" && typeof size === "number" ? { display, size } : undefined;
  } catch {
    return undefined;
  }
}
