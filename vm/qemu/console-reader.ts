import type { Readable, Writable } from "node:stream";
import { writeTo } from "../write-to.ts";
import { Tail } from "./tail.ts";

/** Bytes that may wait to be copied once the process has ended. */
const MAX_WAITING = 1024 * 1024;

/**
 * Reads the standard output and standard error of a process, keeps the end of both, and copies them to a
 * stream. The process waits while that stream takes no more.
 */
export class ConsoleReader {
  /** The end of the output. */
  readonly tail = new Tail();
  readonly #sources: readonly Readable[];
  #copy: Writable | undefined;
  /** What waits to be copied: a piece of each source; after `stopWaiting`, up to `MAX_WAITING` bytes. */
  readonly #pieces: Buffer[] = [];
  #isCopying = false;
  #waits = true;

  /** @param copy gets the output, until a write to it fails. */
  constructor(sources: readonly Readable[], copy?: Writable) {
    this.#sources = sources;
    this.#copy = copy;
    for (const source of sources) {
      source.on("data", (piece: Buffer) => {
        this.tail.push(piece);
        if (this.#copy !== undefined) this.#pass(piece, this.#copy);
      });
    }
  }

  /** Reads on without waiting for the copy: the process has ended, and little of its output is left. */
  stopWaiting(): void {
    this.#waits = false;
    this.#resumeSources();
  }

  #pass(piece: Buffer, copy: Writable): void {
    const waiting = this.#pieces.reduce((sum, { length }) => sum + length, 0);
    if (waiting + piece.length > MAX_WAITING) return;
    this.#pieces.push(piece);
    if (this.#isCopying) return;
    if (this.#waits) for (const source of this.#sources) source.pause();
    this.#isCopying = true;
    void this.#copyTo(copy);
  }

  async #copyTo(copy: Writable): Promise<void> {
    try {
      for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
        await writeTo(copy, piece);
      }
    } catch {
      this.#copy = undefined;
    }
    this.#isCopying = false;
    this.#resumeSources();
  }

  #resumeSources(): void {
    for (const source of this.#sources) source.resume();
  }
}
