import { isProgramFile } from "../../vm/program/is-program-file.ts";
import type { Command } from "../cli/command.ts";
import { environment } from "../cli/environment.ts";
import { exitStatusTable } from "../cli/exit-status.ts";
import { namingImage } from "../cli/naming-image.ts";
import { programInput } from "../cli/path-list.ts";
import { programs } from "../cli/programs.ts";

/** `docteur run`: runs a program on an image, in a virtual machine or on the host. */
export const run: Command = {
  name: "run",
  summary: "run a program that reads a disk image, in a virtual machine",
  synopsis: ["[-t qemu|unix] [OPTIONS] IMAGE PROGRAM [ARGUMENTS...]"],
  description: `Boots a virtual machine with IMAGE as its read-only disk /dev/vdb and runs PROGRAM in it. The program's
output is the command's output, its errors are the command's errors and its exit status is the command's exit status.

PROGRAM is the name of one that ships with docteur, or a file of your own: whatever has a slash in it or ends in .ts, .mts, .cts,
.js, .mjs or .cjs. It is bundled with what it imports of its project and of the packages there, and its types are checked.

SIGTERM and Ctrl-C ask the program to end; if it has not after two seconds, it is ended.

What follows PROGRAM belongs to it.`,
  operands: ["IMAGE", "PROGRAM"],
  passesRest: true,
  options: [
    {
      name: "target",
      short: "t",
      value: "TARGET",
      description:
        "Where to run: qemu, a virtual machine, or unix, this machine, where the very same program reads the image file. Default: qemu.",
    },
    {
      name: "publish",
      short: "p",
      value: "[ADDRESS:]PORT:GUESTPORT",
      description:
        "Let PORT of this machine lead to GUESTPORT of the virtual machine, which has a network only then and reaches nothing through it. ADDRESS is one of this machine's, an IPv4 address; by default 127.0.0.1, where only this machine gets to. PORT 0 is any that is free. May be given more than once. With -t unix, the program itself listens at PORT.",
    },
    {
      name: "accel",
      value: "ACCELERATOR",
      description:
        "kvm or tcg (emulation). Default: the one found to work by trying, once after each start of this machine.",
    },
    {
      name: "memory",
      short: "m",
      value: "MIB",
      description:
        "Memory of the virtual machine, in MiB, at least 128. It takes from this machine only what it touches. A program that needs more ends with status 1 and a line that says so. Default: 512.",
    },
    {
      name: "boot-timeout",
      value: "SECONDS",
      description: "How long the virtual machine may take until the program starts, in seconds. Default: 60.",
    },
    {
      name: "cold",
      description:
        "Boot, and leave no template. Default: start from a template, a machine that has booted before; the first run leaves one.",
    },
    {
      name: "kernel",
      value: "FILE",
      description: "Linux kernel to boot. Default: Debian's linux-image-cloud-amd64, fetched once.",
    },
    {
      name: "modules",
      value: "FOLDER",
      description:
        "Modules of that kernel, the folder that `uname -r` names in /lib/modules. Goes with --kernel.",
    },
    {
      name: "env",
      short: "e",
      value: "NAME[=VALUE]",
      description:
        "Give the program a variable of its environment; without VALUE, that of this command's own, if it is there. May be given more than once. Default: none.",
    },
    {
      name: "no-check",
      description:
        "Run a program of your own without a check of its types. Default: an error in them keeps it from running.",
    },
    {
      name: "tsc",
      value: "PATH",
      description:
        "Check the types with another TypeScript than docteur's own: its bin/tsc, or the folder of its package, such as node_modules/typescript. It runs on this machine.",
    },
    {
      name: "layout",
      value: "LAYOUT",
      description:
        "How the program finds a path: light walks the trees at each read, fast walks them all at the start. Default: what suits the program.",
    },
    {
      name: "commit",
      value: "ID",
      description:
        "Refuse the image unless it is of this commit, 40 hexadecimal digits. All that is read is proved from there down: an image that differs in one bit of what the commit names fails. Default: any commit.",
    },
    {
      name: "analyze",
      description:
        "Trust no index: read the whole PACK at the start and make the index anew. Takes time and memory with the size of the image.",
    },
    {
      name: "print-command",
      description: "Print the qemu-system-x86_64 command line that boots the same by hand, and do not boot.",
    },
    {
      name: "verbose",
      short: "v",
      description: "Say on standard error what is done; of serve, what is asked for.",
    },
  ],
  sections: [
    {
      title: "PROGRAMS",
      body: `${Object.values(programs).join("\n")}
 FILE [ARGUMENTS...]
     A program of your own; \`docteur init FOLDER\` writes one to begin
     with, docs/UNIKERNELS.md tells the rest.`,
    },
    {
      title: "EXAMPLES",
      body: ` docteur run disk.img cat /README.md
 git ls-files -z | docteur run disk.img cat -z --files-from - >all
 docteur run -t unix disk.img stat /README.md
 docteur run -e LANG -m 1024 disk.img ./search.ts word
 docteur run --accel tcg -m 512 disk.img ls -l /`,
    },
    {
      title: "EXIT STATUS",
      body: `The program's own, 0 to 255. If it did not get to run:

${exitStatusTable}`,
    },
    {
      title: "FILES",
      body: ` $XDG_CACHE_HOME/docteur
     Kernel, root disk, initramfs and templates, made by the first run;
     may be deleted at any time. Default: ~/.cache/docteur. A folder that
     another user owns or can write to, or could put in its place, is not
     used: what lies there is run.`,
    },
  ],
  async execute(invocation, context) {
    const [image, program] = invocation.operands as [string, string];
    if (!isProgramFile(program) && !Object.hasOwn(programs, program)) {
      const names = Object.keys(programs).join(", ");
      throw invocation.misuse(
        `unknown program '${program}', the programs are ${names} (a file of yours as ./${program})`,
      );
    }
    const target = invocation.choice("target", ["qemu", "unix"]) ?? "qemu";
    const options = {
      image,
      program,
      env: environment(invocation, context.env),
      check: !invocation.flag("no-check"),
      tsc: invocation.text("tsc"),
      ...(await programInput(program, invocation.rest, context.stdin)),
      stdout: context.stdout,
      stderr: context.stderr,
      verbose: invocation.flag("verbose"),
      signal: context.signal,
      accel: invocation.choice("accel", ["kvm", "tcg"]),
      memory: invocation.integer("memory", { minimum: 128, maximum: 1024 * 1024 }),
      bootTimeout: invocation.integer("boot-timeout", { minimum: 1, maximum: 24 * 60 * 60 }),
      cold: invocation.flag("cold"),
      kernel: invocation.text("kernel"),
      modules: invocation.text("modules"),
      layout: invocation.choice("layout", ["light", "fast"]),
      commit: invocation.text("commit"),
      analyze: invocation.flag("analyze"),
      publish: invocation.texts("publish"),
    };
    const { parsePortMapping, printCommand, runInVm, runOnHost } = await import("../../vm/commands.ts");
    try {
      for (const mapping of options.publish) parsePortMapping(mapping);
    } catch (error) {
      throw invocation.misuse((error as Error).message);
    }
    return namingImage(image, async () => {
      if (!invocation.flag("print-command")) return (target === "unix" ? runOnHost : runInVm)(options);
      context.stdout.write(`${await printCommand(options)}\n`);
      return 0;
    });
  },
};
