import type { Phase, Progress } from "../image-builder/index.ts";
import { bytes } from "./quantity.ts";

/** What a command is at, and how far. Work without a unit is told as a percentage alone. */
export interface Work extends Omit<Progress, "phase" | "unit"> {
  readonly phase: Phase | "verify";
  readonly unit?: Progress["unit"] | undefined;
}

const WORDS: Readonly<Record<Work["phase"], string>> = {
  fetch: "Fetching",
  read: "Reading",
  count: "Counting",
  compress: "Compressing",
  pack: "Packing",
  write: "Writing",
  verify: "Verifying",
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

  show(work: Work): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + INTERVAL;
    this.#shown = true;
    // A terminal that does not tell its width says 0.
    const width = this.#stream.columns || 80;
    this.#stream.write(`\r${describe(work).slice(0, width - 1)}\x1b[K`);
  }

  /** Takes the line away, so that what comes next stands by itself. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\x1b[K");
    this.#shown = false;
  }
}

/** `Packing 1,200 of 4,000 objects (30%)`, `Verifying 30%` */
export function describe({ phase, unit, done, total }: Work): string {
  const amount = (value: number) => (unit === "bytes" ? bytes(value) : value.toLocaleString("en-US"));
  const noun = unit === "bytes" ? "" : ` ${unit}`;
  const share = total === undefined || total === 0 ? undefined : `${Math.floor((done / total) * 100)}%`;
  if (unit === undefined) return share === undefined ? WORDS[phase] : `${WORDS[phase]} ${share}`;
  if (total === undefined || share === undefined) return `${WORDS[phase]} ${amount(done)}${noun}`;
  return `${WORDS[phase]} ${amount(done)} of ${amount(total)}${noun} (${share})`;
}
