import type { Option, Section } from "../cli/command.ts";
import { exitStatusTable } from "../cli/exit-status.ts";
import { programs } from "../cli/programs.ts";
import { updateOptions } from "../serving/update-options.ts";

export const description = `Boots a virtual machine with IMAGE as its read-only disk /dev/vdb and runs PROGRAM in it. The program's
output is the command's output, its errors are the command's errors and its exit status is the command's exit status.

PROGRAM is the name of a program that ships with docteur, or a file of your own: its name has a slash in it or ends in .ts,
.mts, .cts, .js, .mjs or .cjs. docteur bundles the file with what it imports, and checks its types.

SIGTERM and Ctrl-C ask the program to end. After two seconds they end it. SIGHUP
does the same, but with serve at a port it verifies IMAGE and serves it anew, without an interruption.

All arguments after PROGRAM are the program's own.`;

export const options: readonly Option[] = [
  {
    name: "target",
    short: "t",
    value: "TARGET",
    description:
      "Where to run the program: qemu, in a virtual machine, or unix, on this machine, where the same program reads the image file. Default: qemu.",
  },
  {
    name: "publish",
    short: "p",
    value: "[ADDRESS:]PORT:GUESTPORT",
    description:
      "Accept connections at PORT of this machine and carry them to GUESTPORT of the virtual machine, which has no network and cannot connect to anything. ADDRESS is an address of this machine; one of IPv6 is in brackets. Default: 127.0.0.1, which only this machine can connect to. PORT 0 is any free port. unix:PATH:GUESTPORT accepts them at a Unix socket, systemd[:NAME]:GUESTPORT at sockets that systemd hands over. May be given more than once. With -t unix, a program of your own listens itself.",
  },
  {
    name: "replicas",
    value: "NUMBER",
    description:
      "So many virtual machines serve the ports, and the least busy one gets the next connection. Default: 1.",
  },
  {
    name: "admin",
    value: "[ADDRESS:]PORT",
    description:
      "Answer /metrics, in the format of Prometheus, and /healthz at this port, from this machine. Also unix:PATH or systemd:NAME. Default: nowhere.",
  },
  {
    name: "access-log",
    value: "FILE",
    description:
      "With serve, append a line for each answer to FILE, in the common log format; - is standard output. SIGUSR1 opens FILE again. Default: none.",
  },
  ...updateOptions,
  {
    name: "accel",
    value: "ACCELERATOR",
    description:
      "kvm or tcg (emulation). Default: kvm if a trial finds that it works, once after each start of this machine; otherwise tcg.",
  },
  {
    name: "memory",
    short: "m",
    value: "MIB",
    description:
      "Memory of the virtual machine, in MiB, at least 128. This machine provides only what the virtual machine uses of it. A program that needs more ends with status 1 and a line that says so. Default: 512.",
  },
  {
    name: "boot-timeout",
    value: "SECONDS",
    description: "Fail if the program has not started after so many seconds. Default: 60.",
  },
  {
    name: "cold",
    description:
      "Boot, and save no template. Default: start from a template, a machine that has booted before; the first run saves one.",
  },
  {
    name: "kernel",
    value: "FILE",
    description: "Linux kernel to boot. Default: Debian's linux-image-cloud-amd64, fetched once.",
  },
  {
    name: "modules",
    value: "FOLDER",
    description: "Modules of that kernel, the folder that `uname -r` names in /lib/modules. Needs --kernel.",
  },
  {
    name: "env",
    short: "e",
    value: "NAME[=VALUE]",
    description:
      "Set an environment variable of the program; without VALUE, to the value that the variable has for this command, if any. May be given more than once. Default: none.",
  },
  {
    name: "no-check",
    description:
      "Run a program of your own without checking its types. Default: a program with a type error does not run.",
  },
  {
    name: "tsc",
    value: "PATH",
    description:
      "Check the types with this TypeScript rather than docteur's own: its bin/tsc, or the folder of its package, such as node_modules/typescript. It runs on this machine.",
  },
  {
    name: "layout",
    value: "LAYOUT",
    description:
      "How the program finds a path: frozen looks in the layout that the image has, light walks the trees at each read, fast walks them all at the start. Default: frozen, or what suits the program if the image has no layout.",
  },
  {
    name: "commit",
    value: "ID",
    description:
      "Refuse the image unless its commit has this id, 40 hexadecimal digits, or 64 in a SHA-256 repository. Every object that is read is verified from the commit down: an image that differs in one bit of what the commit names fails. Default: any commit.",
  },
  {
    name: "analyze",
    description:
      "Read the whole PACK at the start and compute the index from it, rather than trust the index of the image. Takes time and memory in proportion to the image.",
  },
  {
    name: "print-command",
    description: "Print a qemu-system-x86_64 command line that boots the same machine, and do not boot.",
  },
  {
    name: "verbose",
    short: "v",
    description: "Report each step on standard error; with serve, also each request.",
  },
];

export const sections: readonly Section[] = [
  {
    title: "PROGRAMS",
    body: `${Object.values(programs).join("\n")}
 FILE [ARGUMENTS...]
     A program of your own: \`docteur init FOLDER\` writes a first one,
     docs/UNIKERNELS.md explains the rest.`,
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
    body: `The program's own, 0 to 255. If the program did not run:

${exitStatusTable}`,
  },
  {
    title: "FILES",
    body: ` $XDG_CACHE_HOME/docteur
     Kernel, root disk, initramfs and templates, made by the first run;
     may be deleted at any time. Default: ~/.cache/docteur. docteur runs
     what is in it, and does not use a folder that another user owns, can
     write to or can replace.`,
  },
];
