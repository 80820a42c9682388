import { DocteurError } from "../../reader/errors.ts";
import type { Store } from "../../reader/store/store.ts";
import type { Console, Unikernel } from "../unikernel.ts";
import { lines } from "./lines.ts";
import { parseOptions } from "./options.ts";
import { unquotePath } from "./quoted-path.ts";
import { attempt, attemptAsync, usageError } from "./report.ts";

const USAGE = "cat PATH... | cat [-z] --files-from -";

const NUL = 0;

/** In an image without a layout, from this many paths on `fast` is faster than `light`. */
const MANY = 64;

/** Bytes of the largest file that `getAll` reads; a larger one is written in pieces. */
const LARGEST_AT_ONCE = 24 * 1024 * 1024;

/**
 * `cat PATH...`: writes files to standard output, byte for byte. `--files-from -` reads the paths from
 * standard input, one on a line, plain or quoted as git does; with `-z`, plain, each ended by a NUL. Status 1
 * if it cannot read a file; it still writes the others.
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
    const store = connect({ fallback: operands.length < MANY ? "light" : "fast", boundWork: true });
    let status = 0;
    for (const path of operands) status = Math.max(status, await catOne(store, console, path));
    return status;
  }
  if (from !== "-") return usageError(console, "cat", USAGE, `--files-from ${from}`);
  const store = connect({ fallback: "fast", boundWork: true });
  const give = (value: Uint8Array | DocteurError) => {
    if (value instanceof DocteurError) throw value;
    console.write(value);
  };
  let status = 0;
  for await (const listed of lines(stdin, withNul ? NUL : undefined)) {
    const paths = withNul ? listed : listed.map(unquotePath);
    for await (const { key, value } of store.getAll(paths, { largest: LARGEST_AT_ONCE })) {
      const one = isTooLarge(value)
        ? await catOne(store, console, key)
        : attempt(console, "cat", () => give(value));
      status = Math.max(status, one);
    }
  }
  return status;
};

/** An undeltified file of any size takes no more memory than a window. */
function catOne(store: Store, console: Console, path: string | Uint8Array): Promise<number> {
  return attemptAsync(console, "cat", async () => {
    for await (const piece of store.stream(path)) console.write(piece);
  });
}

function isTooLarge(value: Uint8Array | DocteurError): boolean {
  return value instanceof DocteurError && value.code === "OBJECT_TOO_LARGE";
}
