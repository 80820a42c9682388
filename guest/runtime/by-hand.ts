import { openFileDevice } from "../../reader/block/file.ts";
import { writeAll } from "../protocol/channel.ts";
import { ERROR_PORT, OUTPUT_PORT, REQUEST_ARGUMENT } from "../protocol/ports.ts";
import { decodeRequest } from "../protocol/request.ts";
import type { Console } from "../unikernel.ts";
import { openPort } from "./port.ts";
import { oneLine, type Programs, run } from "./run.ts";

/** Returns the request on the kernel's command line, if there is one. */
export function findRequest(commandLine: string): string | undefined {
  const prefix = `${REQUEST_ARGUMENT}=`;
  return commandLine
    .trim()
    .split(/\s+/)
    .find((argument) => argument.startsWith(prefix))
    ?.slice(prefix.length);
}

/**
 * Runs a request from the kernel's command line, in a machine that a user has started by hand. The program
 * has no standard input, and its exit status is lost.
 *
 * @param encoded the JSON of the request, in base64url.
 * @param image the node of the image's disk.
 */
export async function runByHand(encoded: string, image: string, programs: Programs): Promise<void> {
  const output = portOutput(openPort(OUTPUT_PORT), openPort(ERROR_PORT));
  try {
    const request = decodeRequest(Buffer.from(encoded, "base64url"));
    const openImage = () => openFileDevice(image, request.source);
    await run(request, { openImage, programs, output, stdin: nothing(), takeSignal: neverAborted });
  } catch (error) {
    output.error(`docteur: ${oneLine(error)}\n`);
  }
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function portOutput(output: number, errors: number): Console {
  const bytes = (data: Uint8Array | string) => (typeof data === "string" ? Buffer.from(data) : data);
  return {
    write: (data) => writeAll(output, bytes(data)),
    error: (data) => writeAll(errors, bytes(data)),
  };
}
