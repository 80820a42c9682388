import * as fs from "node:fs";
import { writeAll } from "../../protocol/channel.ts";
import { ERROR_PORT, OUTPUT_PORT } from "../../protocol/ports.ts";
import { OUTPUT_LINE } from "../../protocol/standalone.ts";
import type { Console } from "../../unikernel.ts";
import { bytesOf } from "../bytes-of.ts";
import { openPort, waitForPort } from "../port.ts";

const DRIVER = "/sys/bus/virtio/drivers/virtio_console";

/** Milliseconds: engines have ports of their own, and all ports of a machine appear at once. */
const PORTS_LIMIT_MS = 500;

/** The descriptor of the machine's console. */
const CONSOLE = 1;

const NEWLINE = 10;

/** Where a machine's program writes, if no host process talks to the machine. */
export interface StandaloneOutput extends Console {
  /** Ends the last line, if the machine's own lines follow it. */
  end(): void;
}

/** The ports for output and for errors, or else the console. */
export function standaloneOutput(): StandaloneOutput {
  const hasPorts = hasDevice() && waitForPort(OUTPUT_PORT, PORTS_LIMIT_MS) !== undefined;
  return hasPorts ? portOutput() : consoleOutput();
}

function portOutput(): StandaloneOutput {
  const [stdout, stderr] = [openPort(OUTPUT_PORT), openPort(ERROR_PORT)];
  return {
    write: (data) => writeAll(stdout, bytesOf(data)),
    error: (data) => writeAll(stderr, bytesOf(data)),
    end() {},
  };
}

function consoleOutput(): StandaloneOutput {
  writeLine(OUTPUT_LINE);
  let isAtLineStart = true;
  const write = (data: Uint8Array | string) => {
    const bytes = bytesOf(data);
    if (bytes.length > 0) isAtLineStart = bytes.at(-1) === NEWLINE;
    writeAll(CONSOLE, bytes);
  };
  return { write, error: write, end: () => void (isAtLineStart || writeLine("")) };
}

function writeLine(line: string): void {
  writeAll(CONSOLE, Buffer.from(`${line}\n`));
}

/** Whether the machine has a virtio-serial device. */
function hasDevice(): boolean {
  try {
    return fs.readdirSync(DRIVER).some((name) => name.startsWith("virtio"));
  } catch {
    return false;
  }
}
