import { MODES } from "../../reader/git/tree.ts";
import { printableBytes } from "../../reader/printable.ts";
import type { Store } from "../../reader/store/store.ts";
import type { Console, Unikernel } from "../unikernel.ts";
import { parseOptions } from "./options.ts";
import { attempt, usageError, worst } from "./report.ts";

const USAGE = "stat PATH...";
const WORDS = {
  file: "file",
  executable: "executable file",
  symlink: "symbolic link",
  tree: "directory",
  gitlink: "submodule",
} as const;

/** `stat PATH...`: writes the metadata of each path. It does not follow a link that is the last name. */
export const stat: Unikernel = ({ args, console, connect, terminal }) => {
  const { operands, unknown } = parseOptions(args, { flags: [], values: [] });
  if (unknown !== undefined || operands.length === 0) return usageError(console, "stat", USAGE, unknown);
  const store = connect({ boundWork: true });
  const shown = (name: Uint8Array) => (terminal ? printableBytes(name) : name);
  return worst(operands, (path) => statOne(store, console, path, shown));
};

type Show = (name: Uint8Array) => Uint8Array | string;

function statOne(store: Store, console: Console, path: string, shown: Show): number {
  return attempt(console, "stat", () => {
    const { path: real, type, kind, id, size } = store.describe(path, false);
    console.write("path\t: /");
    console.write(shown(real));
    const lines = [
      "",
      `type\t: ${WORDS[type]}`,
      `mode\t: ${MODES[type].toString(8).padStart(6, "0")}`,
      ...(kind === "value" ? [`size\t: ${size}`] : []),
      `object\t: ${id}`,
      `modified: ${new Date(store.commit.committer.date * 1000).toISOString()}`,
      "",
    ];
    console.write(lines.join("\n"));
    if (type === "symlink") {
      console.write("target\t: ");
      console.write(shown(store.readLink(real)));
      console.write("\n");
    }
  });
}
