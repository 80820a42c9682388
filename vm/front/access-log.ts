import type { AccessRecord } from "../../guest/protocol/streams/access-record.ts";
import type { Peer } from "../../guest/protocol/streams/opening.ts";
import { printable } from "../../reader/printable.ts";
import { accessLine } from "./access-line.ts";
import { openLog } from "./log-target.ts";
import { LogWriter } from "./log-writer.ts";

/** The log of `--access-log`: a line of the common log format for each response. */
export class AccessLog {
  readonly #writer: LogWriter;

  private constructor(writer: LogWriter) {
    this.#writer = writer;
  }

  /**
   * Opens the log for appending.
   *
   * @param path a file, or `-` for standard output.
   * @param note gets a line of text when lines cannot be written, and when they can again.
   * @throws {DocteurError} `LOG_UNWRITABLE`.
   */
  static async open(path: string, note?: (line: string) => void): Promise<AccessLog> {
    const name = path === "-" ? "standard output" : printable(path);
    return new AccessLog(await LogWriter.open({ name, open: () => openLog(path), ...(note && { note }) }));
  }

  /** Lines that were dropped, because the file took none. */
  get dropped(): number {
    return this.#writer.dropped;
  }

  /**
   * Writes a line, without waiting for it.
   * @param peer undefined for a client at a unix socket.
   * @param time milliseconds since 1970, when the response ended. Default: now.
   */
  record(record: AccessRecord, peer: Peer | undefined, time = Date.now()): void {
    this.#writer.write(accessLine(record, peer, time));
  }

  /** Opens the file again, after it was renamed: what SIGUSR1 does. No line is lost. */
  reopen(): Promise<void> {
    return this.#writer.reopen();
  }

  /** Writes the lines that wait, and closes the file; takes at most four seconds. */
  close(): Promise<void> {
    return this.#writer.close();
  }
}
