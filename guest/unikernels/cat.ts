import { DocteurError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { Console, Unikernel } from "../unikernel.ts";
import { lines } from "./lines.ts";
import { parseOptions } from "./options.ts";
import { attempt, usageError, worst } from "./report.ts";

const USAGE = "cat PATH... | cat --files-from -";

/** From this many paths on, mapping all paths at once is quicker than walking trees for each. */
const MANY = 64;

/**
 * `cat PATH...`: writes files to standard output, byte for byte. `--files-from -` reads the paths from standard input, one
 * a line. Status 1 if any could not be read; the others are written all the same.
 */
export const cat: Unikernel = async ({ args, console, connect, stdin }) => {
  const { options, operands, unknown } = parseOptions(args, { flags: [], values: ["--files-from"] });
  const from = options.get("--files-from");
  if (unknown !== undefined || (from === undefined) === (operands.length === 0)) {
    return usageError(console, "cat", USAGE, unknown);
  }
  if (from === undefined) {
    const store = connect({ layout: operands.length < MANY ? "light" : "fast", boundWork: true });
    return worst(operands, (path) => catOne(store, console, path));
  }
  if (from !== "-") return usageError(console, "cat", USAGE, `--files-from ${from}`);
  const store = connect({ layout: "fast", boundWork: true });
  let status = 0;
  for await (const paths of lines(stdin)) {
    for await (const { value } of store.getAll(paths)) {
      status = Math.max(
        status,
        attempt(console, "cat", () => {
          if (value instanceof DocteurError) throw value;
          console.write(value);
        }),
      );
    }
  }
  return status;
};

function catOne(store: Store, console: Console, path: string | Uint8Array): number {
  return attempt(console, "cat", () => console.write(store.get(path)));
}
