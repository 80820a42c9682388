import { join } from "node:path";
import { printable } from "../../reader/printable.ts";
import type { KeptImage } from "../../remote/cache/blocks-folder.ts";
import type { Command, CommandContext } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { bytes as quantity } from "../cli/quantity.ts";
import { writeJson, writeShown } from "../cli/screen.ts";
import { size } from "../cli/size.ts";

const ACTIONS = ["list", "prune"] as const;

/** `docteur cache`: what is kept of images that lie elsewhere, and of the machine. */
export const cache: Command = {
  name: "cache",
  summary: "list and remove what is kept of images that lie elsewhere",
  synopsis: ["list [--json]", "prune [--to SIZE] [--machine]"],
  description: `Of an image that lies elsewhere, docteur keeps the blocks that it has read, for all runs of this user. Beside them
are the parts of the machine: kernel, root disk, templates.

list prints a line for each image to standard output, the last used first: its address, how much of it is kept, and when it
was last used; then a line for each part of the machine. prune removes the blocks; with --machine also the parts, which
the next run makes again.`,
  operands: ["ACTION"],
  options: [
    {
      name: "to",
      value: "SIZE",
      description:
        "How much of the blocks prune leaves, the last used ones, in bytes or with K, M, G (powers of 1024). Default: 0.",
    },
    { name: "machine", description: "Have prune remove the parts of the machine, too." },
    {
      name: "json",
      description:
        "Have list print one JSON object on one line: images, each with address and size (null if they are not known), kept (both in bytes) and used; machine, parts with name, bytes and used.",
    },
  ],
  sections: [
    {
      title: "EXAMPLES",
      body: ` docteur cache list
 docteur cache prune --to 500M`,
    },
    {
      title: "FILES",
      body: ` $XDG_CACHE_HOME/docteur/blocks
     The blocks of images, at most --cache-size of the command that reads
     them (2 GiB by default). They may be deleted at any time.`,
    },
    exitStatus,
  ],
  async execute(invocation, context) {
    const [word] = invocation.operands as [string];
    const action = ACTIONS.find((each) => each === word);
    if (action === undefined) {
      throw invocation.misuse(`unknown action '${word}'; the actions are ${ACTIONS.join(", ")}`);
    }
    const left = size(invocation, "to") ?? 0;
    if (action === "list") await list(invocation.flag("json"), context);
    else await prune(left, invocation.flag("machine"), context);
    return 0;
  },
};

async function list(json: boolean, { stdout }: CommandContext): Promise<void> {
  const { cacheFolder, listCacheEntries } = await import("../../vm/commands.ts");
  const { listImages } = await import("../../remote/cache/blocks-folder.ts");
  const { BLOCKS } = await import("../../remote/cache/layout.ts");
  const images = await listImages(join(cacheFolder(), BLOCKS));
  const machine = await listCacheEntries();
  if (json) {
    return writeJson(stdout, {
      images: images.map(({ about, kept, used }) => ({
        address: about?.display ?? null,
        size: about?.size ?? null,
        kept,
        used,
      })),
      machine,
    });
  }
  for (const image of images) writeShown(stdout, `${imageLine(image)}\n`);
  for (const { name, bytes, used } of machine) {
    writeShown(stdout, `machine  ${name}  ${quantity(bytes)}  ${used.toISOString()}\n`);
  }
}

function imageLine({ name, about, kept, used }: KeptImage): string {
  const of = about === undefined ? "" : ` of ${quantity(about.size)}`;
  return `image  ${about?.display ?? name}  ${quantity(kept)}${of}  ${used.toISOString()}`;
}

async function prune(left: number, machine: boolean, { stderr }: CommandContext): Promise<void> {
  const { cacheFolder, removeCacheEntries } = await import("../../vm/commands.ts");
  const { pruneTo } = await import("../../remote/cache/blocks-folder.ts");
  const { BLOCKS } = await import("../../remote/cache/layout.ts");
  const removed = await pruneTo(join(cacheFolder(), BLOCKS), left);
  if (removed > 0) stderr.write(`docteur: removed blocks of images (${quantity(removed)})\n`);
  if (!machine) return;
  for (const { name, bytes } of await removeCacheEntries()) {
    stderr.write(`docteur: removed ${printable(name)} (${quantity(bytes)})\n`);
  }
}
