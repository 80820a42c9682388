import { basename } from "node:path";
import { printable } from "../../reader/printable.ts";
import { shellQuote } from "../qemu/shell-quote.ts";
import type { Engine } from "./engine.ts";
import type { Description, ExportedMachine } from "./machine.ts";

/** The README of an export. */
export function readme(engine: Engine, machine: ExportedMachine, { commands }: Description): string {
  const { program, args, commit, image, parts, memory, ports } = machine;
  const words = printable([program, ...args].map(shellQuote).join(" "));
  const where = typeof image === "string" ? image : image.display;
  return `# ${machine.name}: a virtual machine for ${engine}

It runs

    ${words}

on the image ${where}, commit ${commit},
with ${memory} MiB of memory and ${ports.length === 0 ? "no network" : "no network but its ports"}. Where it runs, docteur is not needed.

${commands.map((line) => `    ${line}`).join("\n")}

Kernel ${basename(parts.kernel)}, initramfs ${basename(parts.initramfs)}, root disk ${basename(parts.root)}:
the digest in a name is that of the content.
`;
}
