import { exitStatusTable } from "./cli/exit-status.ts";
import { manual } from "./cli/manual.ts";
import { commands } from "./commands/index.ts";

/** The manual page of `docteur` itself. */
export function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return manual([
    { title: "NAME", body: "docteur - a Git repository as a read-only disk image for virtual machines" },
    {
      title: "SYNOPSIS",
      body: [
        ...commands.flatMap(({ name, synopsis }) =>
          synopsis.map((line) => ` docteur ${name} ${line}`.trimEnd()),
        ),
        " docteur help [COMMAND]",
        " docteur --version",
      ].join("\n"),
    },
    {
      title: "DESCRIPTION",
      body: `docteur makes one disk image of a Git repository or a folder: the commit, every tree and file that it reaches,
compressed as Git compresses them, and an index. A virtual machine has the image as its disk, reads files from it
sector by sector, and verifies each by its object id, a SHA-1 or SHA-256.`,
    },
    {
      title: "COMMANDS",
      body: commands.map(({ name, summary }) => ` ${name.padEnd(width)}   ${summary}`).join("\n"),
    },
    {
      title: "OPTIONS",
      body: ` -h, --help    print this page, or with a command the page of that command
 --version     print the version`,
    },
    {
      title: "EXAMPLES",
      body: ` docteur make https://github.com/dinosaure/docteur disk.img
 docteur verify disk.img
 docteur run disk.img cat /README.md`,
    },
    {
      title: "EXIT STATUS",
      body: `${exitStatusTable}\n\n\`docteur run\` ends with its program's own status.`,
    },
    {
      title: "ENVIRONMENT",
      body: ` XDG_CACHE_HOME   its folder docteur/ has the parts of the virtual
                  machine, and blocks of images that lie elsewhere
                  (default: ~/.cache)
 NO_COLOR         when set and not empty, no colours
 DOCTEUR_DEBUG    when set and not empty, errors have stack traces`,
    },
  ]);
}
