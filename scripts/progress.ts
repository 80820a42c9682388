import type { Progress } from "../image-builder/index.ts";
import { bytes } from "./quantity.ts";

const WORDS: Readonly<Record<Progress["phase"], string>> = {
  fetch: "Fetching",
  read: "Reading",
  count: "Counting",
  compress: "Compressing",
  pack: "Packing",
  write: "Writing",
};

/** Between two updates of the line, in milliseconds. */
const INTERVAL = 100;

/** One line on a terminal that says how far the work is, and that goes away again. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;
  #next = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(progress: Progress): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + INTERVAL;
    this.#shown = true;
    this.#stream.write(`\r${describe(progress).slice(0, this.#stream.columns - 1)}\x1b[K`);
  }

  /** Takes the line away, so that what comes next stands by itself. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\x1b[K");
    this.#shown = false;
  }
}

/** `Packing 1,200 of 4,000 objects (30%)` */
export function describe({ phase, unit, done, total }: Progress): string {
  const amount = (value: number) => (unit === "bytes" ? bytes(value) : value.toLocaleString("en-US"));
  const noun = unit === "bytes" ? "" : ` ${unit}`;
  if (total === undefined || total === 0) return `${WORDS[phase]} ${amount(done)}${noun}`;
  return `${WORDS[phase]} ${amount(done)} of ${amount(total)}${noun} (${Math.floor((done / total) * 100)}%)`;
}
