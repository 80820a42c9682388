import { basename, resolve } from "node:path";
import { printable } from "../../reader/printable.ts";
import type { Command } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";

/** `docteur init`: writes a small project with a program that reads an image. */
export const init: Command = {
  name: "init",
  summary: "write a small project with a program of your own",
  synopsis: ["FOLDER"],
  description: `Writes a program that reads an image, main.ts, with its package.json, tsconfig.json and README.md into
FOLDER, which must be new or empty. The program runs as it is:

 docteur run disk.img FOLDER/main.ts

\`npm install\` in FOLDER gives an editor the types that the program uses. They are those of the docteur
that wrote the project: package.json names its folder, and nothing is fetched.`,
  operands: ["FOLDER"],
  options: [],
  sections: [exitStatus],
  async execute({ operands }, { stderr }) {
    const [folder] = operands as [string];
    const { writeStarter } = await import("../write-starter.ts");
    await writeStarter(folder);
    const program = `${folder.replace(/\/+$/, "")}/main.ts`;
    const name = printable(basename(resolve(folder)));
    stderr.write(`${name}: run its program by docteur run IMAGE ${printable(program)}\n`);
    return 0;
  },
};
