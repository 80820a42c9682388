import { writeAll } from "../protocol/channel.ts";
import { ERROR_PORT, OUTPUT_PORT, REQUEST_ARGUMENT } from "../protocol/ports.ts";
import { decodeRequest } from "../protocol/request.ts";
import type { Console } from "../unikernel.ts";
import { openPort } from "./port.ts";
import { oneLine, run } from "./run.ts";

/** The request on the kernel's command line, if there is one. */
export function findRequest(commandLine: string): string | undefined {
  const prefix = `${REQUEST_ARGUMENT}=`;
  return commandLine
    .trim()
    .split(/\s+/)
    .find((argument) => argument.startsWith(prefix))
    ?.slice(prefix.length);
}

/**
 * Runs a request from the kernel's command line: a machine that was started by hand has nobody to talk to. There is no
 * standard input and no exit status.
 *
 * @param encoded the JSON of the request, in base64url.
 * @param image the image to run against.
 */
export async function runByHand(encoded: string, image: string): Promise<void> {
  const console = portConsole(openPort(OUTPUT_PORT), openPort(ERROR_PORT));
  try {
    const request = decodeRequest(Buffer.from(encoded, "base64url"));
    await run(request, { image, console, stdin: nothing(), takeSignal: never });
  } catch (error) {
    console.error(`docteur: ${oneLine(error)}\n`);
  }
}

/** The signal of a program that nobody asks to end. */
function never(): AbortSignal {
  return new AbortController().signal;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function portConsole(output: number, errors: number): Console {
  const bytes = (data: Uint8Array | string) => (typeof data === "string" ? Buffer.from(data) : data);
  return {
    write: (data) => writeAll(output, bytes(data)),
    error: (data) => writeAll(errors, bytes(data)),
  };
}
