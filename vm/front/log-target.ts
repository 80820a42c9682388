import { close, constants, fstatSync, open, write } from "node:fs";
import { promisify } from "node:util";
import { DocteurError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";

const openFile = promisify(open);
const closeFile = promisify(close);
const writeFile = promisify(write);

/** Where the lines of a log go. */
export interface LogTarget {
  /**
   * Writes from a buffer, beginning at an offset.
   * @returns the number of bytes written, which may be fewer than there are.
   */
  write(bytes: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

const STANDARD_OUTPUT = 1;
const MODE = 0o640;

/** Without waiting for the reader of a pipe, neither here nor when it is written. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens a log for appending. Makes the file with mode 0640 (less the umask) if there is none.
 *
 * @param path a path, or `-` for standard output.
 * @throws {DocteurError} `LOG_UNWRITABLE`.
 */
export async function openLog(path: string): Promise<LogTarget> {
  if (path === "-") return openStandardOutput();
  try {
    return new Descriptor(await openFile(path, FLAGS | constants.O_CREAT, MODE));
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    const why = { ENXIO: "no program reads this pipe, or it is a socket", ENOENT: "its folder is not there" }[
      code
    ];
    const message = `${printable(path)}: the log cannot be opened: ${why ?? code}`;
    throw new DocteurError("LOG_UNWRITABLE", message, { cause });
  }
}

/**
 * A pipe or a terminal is opened once more, so that a reader who stops reading does not hold up this process,
 * and others that write to the same pipe are not affected. What cannot be opened again, such as a socket, is
 * written as it is.
 */
async function openStandardOutput(): Promise<LogTarget> {
  try {
    const stats = fstatSync(STANDARD_OUTPUT);
    if (stats.isFIFO() || stats.isCharacterDevice()) {
      return new Descriptor(await openFile(`/proc/self/fd/${STANDARD_OUTPUT}`, FLAGS));
    }
  } catch {
    // Another user's terminal, or a pipe that nobody reads: writing says what is wrong.
  }
  return new Descriptor(STANDARD_OUTPUT);
}

class Descriptor implements LogTarget {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async write(bytes: Uint8Array, offset: number): Promise<number> {
    const { bytesWritten } = await writeFile(this.#descriptor, bytes, offset, bytes.length - offset, null);
    return bytesWritten;
  }

  async close(): Promise<void> {
    if (this.#descriptor !== STANDARD_OUTPUT) await closeFile(this.#descriptor);
  }
}
