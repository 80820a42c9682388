import type { Verification } from "../../image-builder/verify/index.ts";
import { MAX_FAULTS } from "../../image-builder/verify/max-faults.ts";
import type { InvalidImageError } from "../../reader/errors.ts";
import { HASH_NAMES } from "../../reader/git/object-format.ts";
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
import { imageAddresses, imageName, sourceOptionList, sourceOptions } from "../cli/source-options.ts";

/** `docteur verify`: verifies an image. */
export const verify: Command = {
  name: "verify",
  summary: "verify every object of a disk image",
  synopsis: ["[-q] [-v] [--json] [--keep-going] [--sha1dc]\n     [OPTIONS] IMAGE"],
  description: `Reads every byte of IMAGE that means something. verify inflates each object of the PACK, applies deltas and
computes the id of each, a SHA-1 or SHA-256. The index must equal the one that the PACK implies, and the PACK must have all
objects that the commit reaches.

Prints the commit, its author, its root tree and its message to standard output. If there is a fault, prints one line to
standard error with the fault, its byte offset and the object, and ends with status 1.

Of an image that lies elsewhere, the blocks are forgotten if there is a fault, and it is verified once more as it is there:
a fault of the cache or of the network is none of the image.`,
  operands: ["IMAGE"],
  options: [
    { name: "quiet", short: "q", description: "Print nothing; the exit status is the result." },
    {
      name: "verbose",
      short: "v",
      description:
        "Also print to standard error the number of objects of each type, the hash function that names them if it is SHA-256, the number of deltas, the length of the longest chain of deltas, and sizes.",
    },
    {
      name: "keep-going",
      description: `If there is a fault, examine every object, and print a line to standard error for each damaged one, up to ${MAX_FAULTS.toLocaleString("en-US")}. A delta on a damaged object is damaged, too.`,
    },
    {
      name: "sha1dc",
      description:
        "Also detect objects that carry the marks of a known attack on SHA-1, as git does when it receives them. It takes longer. An image of SHA-256 ids has nothing to detect, and verifies as without.",
    },
    {
      name: "json",
      description:
        "Print the result as one JSON object on one line of standard output. On failure the object has error, with code, message and, for a damaged image, fault (the kind of damage), offset (in bytes) and object, as far as they are known; with --keep-going also damages, one such error for each object.",
    },
    ...sourceOptionList,
    colourOption,
    ...originalOptions.filter(({ name }) => name !== "verbose"),
  ],
  sections: [
    imageAddresses,
    {
      title: "EXAMPLES",
      body: ` docteur verify disk.img
 docteur verify -q disk.img && echo undamaged
 docteur verify --json disk.img
 docteur verify https://images.example.com/disk.img`,
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
      "../../image-builder/verify/index.ts"
    );
    try {
      const name = imageName(image);
      const source = sourceOptions(invocation, { env, signal });
      const onProgress =
        line && ((done: number, total: number) => line.show({ phase: "verify", done, total }));
      const keepGoing = invocation.flag("keep-going");
      const sha1dc = invocation.flag("sha1dc");
      const found = await namingImage(name, async () => {
        try {
          return await verifyImage(image, { onProgress, signal, keepGoing, sha1dc, source });
        } catch (error) {
          line?.clear();
          // The error itself is the last line.
          if (error instanceof DamagedImageError) damages = error.damages.map((each) => named(name, each));
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

function details({ hash, objects, deltas, longestChain, unreachable, sizes }: Verification): string {
  const kinds = Object.entries(objects)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => count(number, kind));
  const layout = sizes.layout === 0 ? "" : `a layout of ${bytes(sizes.layout)}, `;
  const share = ((sizes.pack / sizes.objects) * 100).toFixed(1);
  // SHA-1 goes without saying, as it does everywhere in git.
  const named = hash === "sha1" ? "" : `, named by ${HASH_NAMES[hash]}`;
  const lines = [
    `${kinds.join(", ")}${named}; ${unreachable.toLocaleString("en-US")} not reached by the commit`,
    `${count(deltas, "delta")}, the longest chain of ${longestChain}`,
    `${bytes(sizes.objects)} in a PACK of ${bytes(sizes.pack)} (${share}%), ${layout}an IDX of ${bytes(sizes.idx)}, an image of ${bytes(sizes.image)}`,
  ];
  return lines.map((line) => `docteur: ${line}\n`).join("");
}
