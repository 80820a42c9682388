import { DocteurError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { Console, Unikernel } from "../unikernel.ts";
import { lines } from "./lines.ts";
import { parseOptions } from "./options.ts";
import { unquotePath } from "./quoted-path.ts";
import { attempt, usageError, worst } from "./report.ts";

const USAGE = "cat PATH... | cat [-z] --files-from -";

const NUL = 0;

/** From this many paths on, mapping all paths at once is quicker than walking trees for each. */
const MANY = 64;

/**
 * `cat PATH...`: writes files to standard output, byte for byte. `--files-from -` reads the paths from standard input, one
 * a line, quoted as git quotes them or as they are; with `-z`, as they are, each ended by a NUL. Status 1 if any could not be read; the others are written all the same.
 */
export const cat: Unikernel = async ({ args, console, connect, stdin }) => {
  const { options, operands, unknown } = parseOptions(args, {
    flags: ["-z", "--null"],
    values: ["--files-from"],
  });
  const withNul = options.has("-z") || options.has("--null");
  const from = options.get("--files-from");
  const surplus = (from === undefined) === (operands.length === 0) || (withNul && from === undefined);
  if (unknown !== undefined || surplus) {
    return usageError(console, "cat", USAGE, unknown);
  }
  if (from === undefined) {
    const store = connect({ layout: operands.length < MANY ? "light" : "fast" });
    return worst(operands, (path) => catOne(store, console, path));
  }
  if (from !== "-") return usageError(console, "cat", USAGE, `--files-from ${from}`);
  const store = connect({ layout: "fast" });
  let status = 0;
  for await (const listed of lines(stdin, withNul ? NUL : undefined)) {
    const paths = withNul ? listed : listed.map(unquotePath);
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
