import { styleText } from "node:util";
import { colourOption, wantsColour } from "../cli/colour.ts";
import type { Command } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { writeJson, writeShown } from "../cli/screen.ts";

/** `docteur doctor`: checks this machine. */
export const doctor: Command = {
  name: "doctor",
  summary: "check what this machine has and lacks",
  synopsis: [""],
  description: `Checks whether a run can work: starts the virtual machine's Node, unpacks a module of its kernel, tries the
accelerator, writes to the cache and compares the free space with what a run needs. Prints a line for each check to
standard output; after a check that fails, a line says what to do. Status 1 if one fails.`,
  operands: [],
  options: [{ name: "json", description: "Print the checks as one JSON array on one line." }, colourOption],
  sections: [exitStatus],
  async execute(invocation, { stdout, env }) {
    const colour = wantsColour(invocation, stdout, env);
    const paint = (format: "green" | "red", text: string) =>
      colour ? styleText(format, text, { validateStream: false }) : text;
    const vm = await import("../../vm/commands.ts");
    const checks = await vm.doctor();
    if (invocation.flag("json")) {
      writeJson(stdout, checks);
    } else {
      const width = Math.max(...checks.map(({ name }) => name.length));
      for (const { name, ok, detail, remedy } of checks) {
        const mark = ok ? paint("green", "ok     ") : paint("red", "missing");
        stdout.write(`${mark}  `);
        writeShown(stdout, `${name.padEnd(width)}  ${detail}\n`);
        if (!ok && remedy !== undefined) writeShown(stdout, `${" ".repeat(width + 11)}${remedy}\n`);
      }
    }
    return checks.every(({ ok }) => ok) ? 0 : 1;
  },
};
