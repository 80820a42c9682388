import type { Verification } from "../../image-builder/index.ts";
import type { InvalidImageError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import { writeTo } from "../../vm/write-to.ts";
import { colourOption, isTerminal, wantsColour } from "../cli/colour.ts";
import type { Command } from "../cli/command.ts";
import { isQuiet, originalOptions } from "../cli/compatibility.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { type JsonFailure, jsonFailure } from "../cli/json-failure.ts";
import { jsonPieces } from "../cli/json-pieces.ts";
import { namingImage } from "../cli/naming-image.ts";
import { ProgressLine } from "../cli/progress.ts";
import { bytes, count } from "../cli/quantity.ts";
import { writeJson } from "../cli/screen.ts";

/** `docteur verify`: proves that an image is whole. */
export const verify: Command = {
  name: "verify",
  summary: "prove that a disk image is whole",
  synopsis: ["[-q] [-v] [--json] [--keep-going] IMAGE"],
  description: `Reads every byte of IMAGE that means something. Each object of the PACK is inflated, deltas are applied,
the SHA-1 of each is computed, the index must equal the one that the PACK implies, and whatever the commit reaches
must be there.

Prints the commit, its author, its root tree and its message to standard output. Anything wrong is one line on
standard error that names the fault, the byte at which it lies and the object, and status 1.`,
  operands: ["IMAGE"],
  options: [
    { name: "quiet", short: "q", description: "Print nothing; the exit status is the answer." },
    {
      name: "verbose",
      short: "v",
      description:
        "Also tell on standard error how many objects of each type there are, how many are deltas and in how long chains, and how well they are compressed.",
    },
    {
      name: "keep-going",
      description:
        "Where something is wrong, look at every object and tell of each that is damaged, a line each on standard error, up to 10,000. An object made from a damaged one is damaged, too.",
    },
    {
      name: "json",
      description:
        "Print everything found as one JSON object on one line of standard output. Of an image that is not whole: error, with code, message and, as far as there is one, fault (the kind of damage), offset (the byte) and object; with --keep-going damages, too, one such for each object.",
    },
    colourOption,
    ...originalOptions.filter(({ name }) => name !== "verbose"),
  ],
  sections: [
    {
      title: "EXAMPLES",
      body: ` docteur verify disk.img
 docteur verify -q disk.img && echo whole
 docteur verify --json disk.img`,
    },
    exitStatus,
  ],
  async execute(invocation, { stdout, stderr, env, signal, redact }) {
    const [image] = invocation.operands as [string];
    const quiet = isQuiet(invocation);
    const json = invocation.flag("json");
    let damages: JsonFailure[] | undefined;
    const color = wantsColour(invocation, stdout, env);
    const line = !quiet && isTerminal(stderr, env) ? new ProgressLine(stderr) : undefined;
    const { DamagedImageError, formatVerification, verifyImage } = await import(
      "../../image-builder/index.ts"
    );
    try {
      const onProgress =
        line && ((done: number, total: number) => line.show({ phase: "verify", done, total }));
      const keepGoing = invocation.flag("keep-going");
      const found = await namingImage(image, async () => {
        try {
          return await verifyImage(image, { onProgress, signal, keepGoing });
        } catch (error) {
          line?.clear();
          // The error itself is the last line.
          if (error instanceof DamagedImageError) damages = error.damages.map((each) => named(image, each));
          if (!quiet)
            for (const { message } of damages ?? []) stderr.write(`docteur: ${printable(message)}\n`);
          throw error;
        }
      });
      line?.clear();
      if (!quiet && invocation.flag("verbose")) stderr.write(details(found));
      if (json) await writeLongJson(stdout, found);
      else if (!quiet) stdout.write(formatVerification(found, { color, terminal: stdout.isTTY === true }));
      return 0;
    } catch (error) {
      const failure = jsonFailure(error, redact);
      if (json && failure !== undefined) writeJson(stdout, { error: failure, damages });
      throw error;
    } finally {
      line?.clear();
    }
  },
};

/** As `writeJson`, at the pace of its reader: the message of a commit may be long. */
async function writeLongJson(stdout: NodeJS.WriteStream, value: object): Promise<void> {
  for (const piece of jsonPieces(value)) {
    await writeTo(stdout, Buffer.from(stdout.isTTY === true ? printable(piece) : piece));
  }
  stdout.write("\n");
}

function named(image: string, error: InvalidImageError): JsonFailure {
  const { code, fault, offset, object, message } = error;
  return { code, fault, offset, object, message: `${image}: ${message}` };
}

function details({ objects, deltas, longestChain, unreachable, sizes }: Verification): string {
  const kinds = Object.entries(objects)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => count(number, kind));
  const share = ((sizes.pack / sizes.objects) * 100).toFixed(1);
  const lines = [
    `${kinds.join(", ")}; ${unreachable.toLocaleString("en-US")} not reached by the commit`,
    `${count(deltas, "delta")}, the longest chain of ${longestChain}`,
    `${bytes(sizes.objects)} in a PACK of ${bytes(sizes.pack)} (${share}%), an IDX of ${bytes(sizes.idx)}, an image of ${bytes(sizes.image)}`,
  ];
  return lines.map((line) => `docteur: ${line}\n`).join("");
}
