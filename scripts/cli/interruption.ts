import { closeSync, constants as fsConstants, openSync } from "node:fs";
import { constants } from "node:os";
import { DocteurError } from "../../reader/errors.ts";

/** A signal ended the command, or nobody reads its output. `code` is `INTERRUPTED`. */
export class InterruptedError extends DocteurError {
  override name = "InterruptedError";
  /** 128 and the signal's number, as a shell reports a program that the signal ended. */
  readonly status: number;
  readonly signal: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGPIPE";

  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGPIPE") {
    super("INTERRUPTED", `ended by ${signal}`);
    this.signal = signal;
    this.status = 128 + constants.signals[signal];
  }
}

/** Takes SIGHUP. Returns false if the command is to end by it. */
let onHangup: () => boolean = () => false;

/**
 * Has SIGHUP call a function instead of ending the command, as servers do, unless the terminal of this
 * process has gone.
 */
export function reloadOnHangup(reload: () => void): void {
  const hadTerminal = hasTerminal();
  onHangup = () => {
    if (hadTerminal && !hasTerminal()) return false;
    reload();
    return true;
  };
}

/** Whether this process has a controlling terminal (tty(4)). */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", fsConstants.O_RDONLY | fsConstants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds for cleaning up before the process exits regardless. */
const GRACE = 10_000;

/**
 * Aborts one `AbortSignal` for every reason to end: SIGINT, SIGTERM, SIGHUP, a reader that closed standard
 * output, and an output that cannot be written (disk full). A second signal ends the process at once.
 */
export function interruption(process: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  const end = (reason: DocteurError) => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    if (!(reason instanceof InterruptedError)) process.exitCode = 1;
    setTimeout(() => leave(process, reason), GRACE).unref();
  };

  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (name === "SIGHUP" && onHangup()) return;
      const reason = new InterruptedError(name);
      if (controller.signal.aborted) leave(process, reason);
      end(reason);
    });
  }
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    end(
      error.code === "EPIPE"
        ? new InterruptedError("SIGPIPE")
        : new DocteurError("OUTPUT_FAILED", `standard output cannot be written: ${error.message}`, {
            cause: error,
          }),
    );
  });
  process.stderr.on("error", () => {}); // there is nowhere to report it
  return controller.signal;
}

/**
 * Ends the process now. `process.exit` waits for the threads of Node's pool, and the system may keep one of them
 * for long, as where a name server does not answer. Then the signal that interrupted the command ends it.
 */
export function leave(process: NodeJS.Process, reason: unknown): void {
  if (reason instanceof InterruptedError) {
    process.exitCode = reason.status;
    if (process.getActiveResourcesInfo().some((name) => POOLED.test(name))) {
      process.emit("exit", reason.status);
      process.removeAllListeners(reason.signal);
      process.kill(process.pid, reason.signal);
    }
  }
  process.exit();
}

/** What Node calls requests that wait for a thread: of names, and of files. */
const POOLED = /^(?:GetAddrInfo|GetNameInfo|FSReq)/;
