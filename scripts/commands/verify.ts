import { colourOption, isTerminal, wantsColour } from "../colour.ts";
import type { Command } from "../command.ts";
import { isQuiet, originalOptions } from "../compatibility.ts";
import { exitStatus } from "../exit-status.ts";
import { namingImage } from "../naming-image.ts";
import { ProgressLine } from "../progress.ts";

/** `docteur verify`: proves that an image is whole. */
export const verify: Command = {
  name: "verify",
  summary: "prove that a disk image is whole",
  synopsis: ["[-q] [--json] IMAGE"],
  description: `Reads every byte of IMAGE that means something. Each object of the PACK is inflated, deltas are applied,
the SHA-1 of each is computed, the index must equal the one that the PACK implies, and whatever the commit reaches
must be there.

Prints the commit, its author, its root tree and its message to standard output. Anything wrong is one line on
standard error that names the fault, the byte at which it lies and the object, and status 1.`,
  operands: ["IMAGE"],
  options: [
    { name: "quiet", short: "q", description: "Print nothing; the exit status is the answer." },
    { name: "json", description: "Print everything found as one JSON object on one line." },
    colourOption,
    ...originalOptions,
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
  async execute(invocation, { stdout, stderr, env, signal }) {
    const [image] = invocation.operands as [string];
    const quiet = isQuiet(invocation);
    const color = wantsColour(invocation, stdout, env);
    const line = !quiet && isTerminal(stderr, env) ? new ProgressLine(stderr) : undefined;
    const { formatVerification, verifyImage } = await import("../../image-builder/index.ts");
    try {
      const onProgress =
        line && ((done: number, total: number) => line.show({ phase: "verify", done, total }));
      const found = await namingImage(image, () => verifyImage(image, { onProgress, signal }));
      line?.clear();
      if (invocation.flag("json")) stdout.write(`${JSON.stringify(found)}\n`);
      else if (!quiet) stdout.write(formatVerification(found, { color }));
      return 0;
    } finally {
      line?.clear();
    }
  },
};
