import { readlinkSync } from "node:fs";
import { EventLoopYield } from "../event-loop.ts";
import { similarOrder } from "../packing/similar-order.ts";
import type { OnProgress } from "../progress.ts";
import type { Listing } from "./listing.ts";
import { changed, storeFile, unreadable } from "./read-file.ts";
import type { Staging } from "./staging.ts";

/** Between two reports, in milliseconds. */
const INTERVAL = 50;

export interface StoreFilesOptions {
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores the files of a listing as blobs, similar ones one after the other: contents unfiltered, symbolic
 * links as links.
 * @param top the folder that was listed.
 * @returns the number of the blob of each entry. Memory is 4 bytes an entry.
 * @throws {DocteurError} `FILE_CHANGED`, `FILE_UNREADABLE`; the signal's reason when aborted.
 */
export async function storeFiles(
  top: string,
  listing: Listing,
  staging: Staging,
  { onProgress, signal }: StoreFilesOptions,
): Promise<Uint32Array> {
  const blobs = new Uint32Array(listing.entries);
  const eventLoop = new EventLoopYield(signal);
  const paths = new Paths(top, listing);
  let files = 0;
  let bytes = 0;
  let reported = 0;
  const report = (done: number) => {
    if (performance.now() - reported < INTERVAL) return;
    reported = performance.now();
    // Files may have grown since they were listed.
    const total = Math.max(done, listing.bytes);
    onProgress?.({ phase: "read", unit: "bytes", files, done, total });
  };
  for (const { folder, name, item } of similarOrder(listing, "files")) {
    if (eventLoop.isDue) {
      report(bytes);
      await eventLoop.yield();
    }
    const path = paths.of(folder, name);
    const entry = item >>> 1;
    const isLink = item % 2 === 1;
    if (isLink) {
      const target = readLink(path);
      blobs[entry] = await staging.add("blob", target, name);
      bytes += target.length;
    } else {
      const onRead = (read: number) => report(bytes + read);
      const { number, size } = await storeFile(path, staging, { name, onRead, signal });
      blobs[entry] = number;
      bytes += size;
    }
    files++;
  }
  onProgress?.({ phase: "read", unit: "bytes", files, done: bytes, total: bytes });
  return blobs;
}

/** Paths of entries, many of which are in the same folder. */
class Paths {
  readonly #top: Buffer;
  readonly #listing: Listing;
  #folder = -1;
  #path: Buffer = Buffer.alloc(0);

  constructor(top: string, listing: Listing) {
    this.#top = Buffer.from(top);
    this.#listing = listing;
  }

  /** The bytes of the path of what has a name, its bytes as Latin-1, in a folder. */
  of(folder: number, name: string): Buffer {
    if (folder !== this.#folder) {
      this.#path = Buffer.concat([this.#top, Buffer.from(`${this.#listing.path(folder)}/`, "latin1")]);
      this.#folder = folder;
    }
    return Buffer.concat([this.#path, Buffer.from(name, "latin1")]);
  }
}

function readLink(path: Buffer): Buffer {
  try {
    return readlinkSync(path, { encoding: "buffer" });
  } catch (error) {
    // It is no link any more.
    if ((error as NodeJS.ErrnoException).code === "EINVAL") throw changed(path);
    throw unreadable(path, error);
  }
}
