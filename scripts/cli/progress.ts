import type { Phase, Progress } from "../../image-builder/index.ts";
import { isTerminal } from "./colour.ts";
import { bytes, count, duration } from "./quantity.ts";

/** A command's phase and progress. Work without a unit is shown as a percentage alone. */
export interface Work extends Omit<Progress, "phase" | "unit"> {
  readonly phase: Phase | "verify" | "hash" | "upload";
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
  hash: "Hashing",
  upload: "Uploading",
};

/** How a stream shows progress: a line on a terminal, now and then a line of a log elsewhere. */
export function progressOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): ProgressLine | ProgressLog {
  return isTerminal(stream, env) ? new ProgressLine(stream) : new ProgressLog(stream);
}

/** Between two updates of the line, in milliseconds. */
const INTERVAL = 100;

/** One line on a terminal that says how far the work is, and that goes away again. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;
  #next = 0;
  #phase: Work["phase"] | undefined;
  /** When the phase began, and how much of it was done by then. */
  #started = 0;
  #doneBefore = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(work: Work): void {
    const now = performance.now();
    if (work.phase !== this.#phase) {
      this.#phase = work.phase;
      this.#started = now;
      this.#doneBefore = work.done;
    }
    if (now < this.#next) return;
    this.#next = now + INTERVAL;
    this.#shown = true;
    // The width is 0 when the terminal does not report it.
    const width = this.#stream.columns || 80;
    this.#stream.write(`\r${this.#line(work, now).slice(0, width - 1)}\x1b[K`);
  }

  #line(work: Work, now: number): string {
    return describe(work) + pace(work, work.done - this.#doneBefore, now - this.#started);
  }

  /** Takes the line away, so that what comes next stands by itself. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\x1b[K");
    this.#shown = false;
  }
}

/** Between two lines of a log, in milliseconds. */
const LOG_INTERVAL = 10_000;

/** Lines that say how far the work is, for a log: the first after 10 seconds, so that short work is silent. */
export class ProgressLog {
  readonly #stream: NodeJS.WritableStream;
  readonly #timer: NodeJS.Timeout;
  #work: Work | undefined;

  /** @param interval milliseconds between two lines. */
  constructor(stream: NodeJS.WritableStream, interval = LOG_INTERVAL) {
    this.#stream = stream;
    // The work keeps the process alive, not its log.
    this.#timer = setInterval(() => this.#write(), interval).unref();
  }

  show(work: Work): void {
    this.#work = work;
  }

  /** Ends the log. */
  clear(): void {
    clearInterval(this.#timer);
  }

  #write(): void {
    if (this.#work !== undefined) this.#stream.write(`docteur: ${describe(this.#work)}\n`);
  }
}

/** Milliseconds before anything is said about how fast it goes. */
const FIRST_PACE = 1000;

/** `, 5.1 MB/s, 12 s left`, or nothing in the first second. */
export function pace({ unit, done, total }: Work, doneSince: number, milliseconds: number): string {
  if (milliseconds < FIRST_PACE || doneSince <= 0) return "";
  const perSecond = (doneSince / milliseconds) * 1000;
  const rate = unit === "bytes" ? bytes(perSecond) : Math.round(perSecond).toLocaleString("en-US");
  const rates = unit === undefined ? "" : `, ${rate}/s`;
  if (total === undefined || done >= total) return rates;
  return `${rates}, ${duration(((total - done) / perSecond) * 1000)} left`;
}

/** `Packing 1,200 of 4,000 objects (30%)`, `Reading 12 files, 1.0 MB of 4.0 MB (25%)`, `Verifying 30%` */
export function describe({ phase, unit, files, done, total }: Work): string {
  const amount = (value: number) => (unit === "bytes" ? bytes(value) : value.toLocaleString("en-US"));
  const noun = unit === "bytes" ? "" : ` ${unit}`;
  const share = total === undefined || total === 0 ? undefined : `${Math.floor((done / total) * 100)}%`;
  if (unit === undefined) return share === undefined ? WORDS[phase] : `${WORDS[phase]} ${share}`;
  const word = files === undefined ? WORDS[phase] : `${WORDS[phase]} ${count(files, "file")},`;
  if (total === undefined || share === undefined) return `${word} ${amount(done)}${noun}`;
  return `${word} ${amount(done)} of ${amount(total)}${noun} (${share})`;
}
