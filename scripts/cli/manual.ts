import { allOptions } from "./arguments.ts";
import type { Command, Option, Section } from "./command.ts";

const WIDTH = 78;
const INDENT = "       ";

/** The manual page of one command, as `--help` prints it. */
export function commandManual(command: Command): string {
  return manual([
    { title: "NAME", body: `docteur ${command.name} - ${command.summary}` },
    {
      title: "SYNOPSIS",
      body: command.synopsis.map((line) => ` docteur ${command.name} ${line}`.trimEnd()).join("\n"),
    },
    { title: "DESCRIPTION", body: command.description },
    { title: "OPTIONS", body: allOptions(command).map(optionEntry).join("\n\n") },
    ...command.sections,
  ]);
}

/** A manual page: titled sections, filled to the width of a terminal. */
export function manual(sections: readonly Section[]): string {
  const rendered = sections.map(
    ({ title, body }) => `${title}\n${body.split("\n\n").map(block).join("\n\n")}\n`,
  );
  return rendered.join("\n");
}

/** Fills a paragraph; a line that begins with spaces keeps its form and its extra indentation. */
function block(text: string): string {
  const filled: string[] = [];
  let paragraph: string[] = [];
  const flush = () => {
    if (paragraph.length > 0) filled.push(...fill(paragraph.join(" "), INDENT));
    paragraph = [];
  };
  for (const line of text.split("\n")) {
    if (line.startsWith(" ")) {
      flush();
      filled.push(`${INDENT}${line.slice(1)}`);
    } else if (line !== "") {
      paragraph.push(line);
    }
  }
  flush();
  return filled.join("\n");
}

function optionEntry({ name, short, value, description }: Option): string {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
  const head = names.map((each) => (value === undefined ? each : `${each} ${value}`)).join(", ");
  const lines = fill(description, "", WIDTH - INDENT.length - 4);
  return [` ${head}`, ...lines.map((line) => `     ${line}`)].join("\n");
}

function fill(text: string, indent: string, width = WIDTH): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== indent && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}
