import { printable } from "../../reader/printable.ts";
import type { Command } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { bytes as quantity } from "../cli/quantity.ts";
import { writeShown } from "../cli/screen.ts";

const ACTIONS = ["list", "prune", "warm"] as const;

/** `docteur template`: the machines that have booted before and from which runs start. */
export const template: Command = {
  name: "template",
  summary: "list, make and remove the templates that runs start from",
  synopsis: ["list", "prune [--keep COUNT]", "warm [--accel ACCELERATOR] [-m MIB] [--network]"],
  description: `A template is a virtual machine that has booted and waits, without an image, for what it is to run. The
first run leaves one; later runs of whatever image start from it instead of booting. There is one for each kernel, version
of docteur and QEMU, accelerator and amount of memory, with and without a network.

list prints a line for each to standard output, that used last first: its name, what machine it is, when it was used last
and what it takes on the disk. prune removes those that were not used for longest. warm makes the one that a run with the same
options would start from, if it is not there, also where making one has failed before.`,
  operands: ["ACTION"],
  options: [
    {
      name: "keep",
      value: "COUNT",
      description: "How many prune leaves, those used last. Default: 1.",
    },
    { name: "accel", value: "ACCELERATOR", description: "kvm or tcg, as for run. Default: as for run." },
    {
      name: "memory",
      short: "m",
      value: "MIB",
      description: "Memory of the machine, in MiB, as for run. Default: as for run.",
    },
    {
      name: "network",
      description: "That of a machine whose ports are published, as by run -p, whichever they are.",
    },
    { name: "kernel", value: "FILE", description: "Linux kernel to boot, as for run. Default: as for run." },
    { name: "modules", value: "FOLDER", description: "Modules of that kernel. Goes with --kernel." },
    { name: "verbose", short: "v", description: "Say on standard error what is done." },
  ],
  sections: [
    {
      title: "FILES",
      body: ` $XDG_CACHE_HOME/docteur/template-*
     At most 8 templates and 2 GiB are kept, those used last. They may be
     deleted at any time; the next run makes what it needs.`,
    },
    exitStatus,
  ],
  async execute(invocation, { stdout, stderr, signal }) {
    const [word] = invocation.operands as [string];
    const action = ACTIONS.find((each) => each === word);
    if (action === undefined) {
      throw invocation.misuse(`unknown action '${word}', the actions are ${ACTIONS.join(", ")}`);
    }
    const { listTemplates, pruneTemplates, warmTemplate } = await import("../../vm/commands.ts");
    if (action === "list") {
      for (const { name, description, used, bytes } of await listTemplates()) {
        writeShown(stdout, `${name}  ${description}  ${used.toISOString()}  ${quantity(bytes)}\n`);
      }
    } else if (action === "prune") {
      const keep = invocation.integer("keep", { minimum: 0, maximum: 1000 }) ?? 1;
      for (const { name, bytes } of await pruneTemplates(keep)) {
        stderr.write(`docteur: removed ${printable(name)} (${quantity(bytes)})\n`);
      }
    } else {
      await warmTemplate({
        accel: invocation.choice("accel", ["kvm", "tcg"]),
        memory: invocation.integer("memory", { minimum: 128, maximum: 1024 * 1024 }),
        network: invocation.flag("network"),
        kernel: invocation.text("kernel"),
        modules: invocation.text("modules"),
        ...(invocation.flag("verbose") && {
          note: (line) => void stderr.write(`docteur: ${printable(line)}\n`),
        }),
        signal,
      });
    }
    return 0;
  },
};
