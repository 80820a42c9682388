import type { LogTarget } from "./log-target.ts";
import { oncePer } from "./once-per.ts";

/** Bytes of lines that wait to be written. */
const MAX_QUEUE = 1024 * 1024;

/** Milliseconds that a line waits for others, to be written with them. */
const GATHER_TIME = 100;

/** Milliseconds between two attempts to write, where the disk refuses and where the reader is slow. */
const RETRY_TIME = 1000;
const READER_TIME = 50;

/** Milliseconds between two lines about lines that are dropped. */
const NOTE_INTERVAL = 60_000;

const LINE_FEED = 10;

/** How a log is written. */
export interface LogWriterOptions {
  /** Its name in notes. */
  readonly name: string;
  /** Opens it, at first and when it is reopened. */
  readonly open: () => Promise<LogTarget>;
  /** Gets a line of text when lines cannot be written, and when they can again. */
  readonly note?: (line: string) => void;
  /** Bytes of lines that wait. Default 1 MiB. */
  readonly maxQueue?: number;
}

/**
 * Writes lines to a log, without ever waiting for it. The lines wait in a bounded queue; where that is full,
 * they are dropped and counted.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #maxQueue: number;
  readonly #announce: (reason: string) => void;
  #target: LogTarget;
  #lines: string[] = [];
  /** Lines that are being written, and how many of their bytes are. */
  #batch: Buffer = Buffer.alloc(0);
  #written = 0;
  /** Bytes of all lines that are not written. */
  #queued = 0;
  #dropped = 0;
  /** The lines that were dropped before the current trouble; undefined if there is none, or it is not announced. */
  #droppedBefore: number | undefined;
  #isInTrouble = false;
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** Ends the current pause between two writes. */
  #endPause = () => {};
  /** A write and a change of the target exclude each other. */
  #lock: Promise<unknown> = Promise.resolve();

  private constructor(target: LogTarget, options: LogWriterOptions) {
    this.#target = target;
    this.#options = options;
    this.#maxQueue = options.maxQueue ?? MAX_QUEUE;
    this.#announce = oncePer(NOTE_INTERVAL, (_count, reason) => {
      this.#droppedBefore = this.#dropped;
      options.note?.(
        `${options.name}: ${reason}; of the lines that wait, those beyond ${this.#maxQueue} bytes are dropped`,
      );
    });
  }

  /** @throws what `open` throws. */
  static async open(options: LogWriterOptions): Promise<LogWriter> {
    return new LogWriter(await options.open(), options);
  }

  /** Lines that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues a line of ASCII, which ends with a line feed. */
  write(line: string): void {
    if (this.#isClosed || this.#queued + line.length > this.#maxQueue) {
      if (!this.#isClosed) this.#trouble("the log is written more slowly than requests come");
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length;
    this.#running ??= this.#run();
  }

  /**
   * Opens the log again, for a rotation that has renamed it. Each line is in the old file or in the new one,
   * and whole. If it cannot be opened, the old file goes on, and a note says so.
   */
  async reopen(): Promise<void> {
    let next: LogTarget;
    try {
      next = await this.#options.open();
    } catch (error) {
      this.#options.note?.(`${(error as Error).message}; the old file goes on`);
      return;
    }
    await this.#exclusively(async () => {
      if (this.#isClosed) return this.#closeTarget(next);
      const old = this.#target;
      this.#target = next;
      this.#startLineAgain();
      await this.#closeTarget(old);
    });
    // What the old file refused may fit into the new one.
    this.#endPause();
  }

  /**
   * Writes the lines that wait, and closes the log. Lines that it does not take within a limit are dropped.
   * @param limit milliseconds.
   */
  async close(limit = 2000): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endPause();
    await within(limit, this.#running);
    const rest = this.#batch.subarray(this.#written);
    const lost = rest.filter((byte) => byte === LINE_FEED).length + this.#lines.length;
    this.#dropped += lost;
    this.#batch = Buffer.alloc(0);
    this.#lines = [];
    this.#queued = 0;
    if (lost > 0)
      this.#options.note?.(`${this.#options.name}: closed; lines that could not be written: ${lost}`);
    await within(
      limit,
      this.#exclusively(() => this.#closeTarget(this.#target)),
    );
  }

  /** A network's file system may refuse only here what was written. */
  async #closeTarget(target: LogTarget): Promise<void> {
    try {
      await target.close();
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      this.#options.note?.(`${this.#options.name}: the log cannot be closed: ${REASONS[code] ?? code}`);
    }
  }

  async #run(): Promise<void> {
    await this.#pause(GATHER_TIME);
    while (this.#queued > 0) {
      const pause = await this.#exclusively(() => this.#writeSome());
      // A log that is closed and refuses to be written is given up.
      if (this.#isClosed && pause === RETRY_TIME) break;
      if (pause > 0) await this.#pause(pause);
    }
    this.#running = undefined;
  }

  /** Writes once. @returns milliseconds to wait before the next time. */
  async #writeSome(): Promise<number> {
    if (this.#queued <= 0) return 0;
    if (this.#written === this.#batch.length) {
      this.#batch = Buffer.from(this.#lines.join(""), "latin1");
      this.#lines = [];
      this.#written = 0;
    }
    try {
      const written = await this.#target.write(this.#batch, this.#written);
      this.#written += written;
      this.#queued -= written;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN") return READER_TIME;
      this.#trouble(`the log cannot be written: ${REASONS[code] ?? code}`);
      return RETRY_TIME;
    }
    if (this.#queued <= this.#maxQueue / 2) this.#recover();
    return 0;
  }

  /** If a line is written in part, writes all of it to the new target. */
  #startLineAgain(): void {
    const start = this.#written === 0 ? 0 : this.#batch.lastIndexOf(LINE_FEED, this.#written - 1) + 1;
    this.#queued += this.#written - start;
    this.#written = start;
  }

  #trouble(reason: string): void {
    if (this.#isInTrouble) return;
    this.#isInTrouble = true;
    this.#announce(reason);
  }

  #recover(): void {
    if (this.#isInTrouble && this.#droppedBefore !== undefined) {
      const lost = this.#dropped - this.#droppedBefore;
      this.#options.note?.(`${this.#options.name}: the log is written again; lines dropped: ${lost}`);
      this.#droppedBefore = undefined;
    }
    this.#isInTrouble = false;
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#isClosed && milliseconds !== READER_TIME) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      // A log alone keeps no process alive, unless it is being closed.
      if (!this.#isClosed) timer.unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #exclusively<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#lock.then(act);
    this.#lock = result.catch(() => {});
    return result;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the disk quota is used up",
  EPIPE: "no program reads the pipe",
};

/** Waits for a promise, but no longer than this. */
async function within(milliseconds: number, promise: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
