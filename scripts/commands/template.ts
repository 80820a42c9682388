import { printable } from "../../reader/printable.ts";
import type { Command } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { machineOptions } from "../cli/machine-options.ts";
import { bytes as quantity } from "../cli/quantity.ts";
import { writeShown } from "../cli/screen.ts";

const ACTIONS = ["list", "prune", "warm"] as const;

/** `docteur template`: the booted machines that runs start from. */
export const template: Command = {
  name: "template",
  summary: "list, make and remove the templates that runs start from",
  synopsis: ["list", "prune [--keep COUNT]", "warm [--accel ACCELERATOR] [-m MIB]"],
  description: `A template is a virtual machine that has booted, without an image, and waits for a program. The first run
saves one; later runs of any image start from it instead of booting. There is one for each kernel, version of docteur and
QEMU, accelerator and amount of memory.

list prints one line for each template to standard output, the last used first: its name, its machine, when it was last
used, and its size on the disk. prune removes the templates that were last used longest ago. warm makes the template that a
run with the same options would start from, unless it exists, even if an earlier run failed to make it.`,
  operands: ["ACTION"],
  options: [
    {
      name: "keep",
      value: "COUNT",
      description: "How many templates prune leaves, the last used ones. Default: 1.",
    },
    { name: "accel", value: "ACCELERATOR", description: "kvm or tcg, as for run. Default: as for run." },
    {
      name: "memory",
      short: "m",
      value: "MIB",
      description: "Memory of the machine, in MiB, as for run. Default: as for run.",
    },
    { name: "kernel", value: "FILE", description: "Linux kernel to boot, as for run. Default: as for run." },
    { name: "modules", value: "FOLDER", description: "Modules of that kernel. Needs --kernel." },
    { name: "verbose", short: "v", description: "Report each step on standard error." },
  ],
  sections: [
    {
      title: "FILES",
      body: ` $XDG_CACHE_HOME/docteur/template-*
     The last used templates, at most 8 and 2 GiB. They may be deleted at
     any time; the next run makes what it needs.`,
    },
    exitStatus,
  ],
  async execute(invocation, { stdout, stderr, signal }) {
    const [word] = invocation.operands as [string];
    const action = ACTIONS.find((each) => each === word);
    if (action === undefined) {
      throw invocation.misuse(`unknown action '${word}'; the actions are ${ACTIONS.join(", ")}`);
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
        ...machineOptions(invocation),
        ...(invocation.flag("verbose") && {
          note: (line) => void stderr.write(`docteur: ${printable(line)}\n`),
        }),
        signal,
      });
    }
    return 0;
  },
};
