import type { Readable, Writable } from "node:stream";
import { writeTo } from "../write-to.ts";
import { Tail } from "./tail.ts";

/** Bytes that may wait to be copied once the process has ended. */
const MAX_LEFT = 1024 * 1024;

/**
 * Reads the standard output and the standard error of a process and keeps the end of both. A copy goes to a stream; while that
 * takes no more, the process has to wait.
 */
export class ConsoleReader {
  /** The end of the output. */
  readonly tail = new Tail();
  readonly #sources: readonly Readable[];
  #copy: Writable | undefined;
  /** What waits to be copied: a piece of each source, and up to `MAX_LEFT` bytes after `hurry`. */
  readonly #pieces: Buffer[] = [];
  #isCopying = false;
  #waits = true;

  /** @param copy gets the output, until it fails. */
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

  /** Stops waiting for the copy: the process has ended, and what is left of its output is little. */
  hurry(): void {
    this.#waits = false;
    this.#resume();
  }

  #pass(piece: Buffer, copy: Writable): void {
    const left = this.#pieces.reduce((sum, { length }) => sum + length, 0);
    if (left + piece.length > MAX_LEFT) return;
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
    this.#resume();
  }

  #resume(): void {
    for (const source of this.#sources) source.resume();
  }
}
