import { extname } from "node:path/posix";
import type { Unikernel } from "docteur/guest";

/**
 * Tells how many files of each kind there are in the image, or in the folder that is named, and how many
 * bytes they have.
 */
export default (({ store, console, args, signal }) => {
  const kinds = new Map<string, { files: number; bytes: number }>();
  for (const { name, bytes } of filesBeneath(args[0] ?? "/")) {
    if (signal.aborted) return 1;
    const kind = extname(name) || "(none)";
    const sum = kinds.get(kind) ?? { files: 0, bytes: 0 };
    kinds.set(kind, { files: sum.files + 1, bytes: sum.bytes + bytes });
  }
  for (const [kind, { files, bytes }] of [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes)) {
    console.write(
      `${kind.padEnd(12)} ${String(files).padStart(6)} files ${String(bytes).padStart(10)} bytes\n`,
    );
  }
  return 0;

  function* filesBeneath(folder: string): Generator<{ name: string; bytes: number }> {
    for (const { name, kind } of store.list(folder)) {
      const path = `${folder}/${name}`;
      if (kind === "dictionary") yield* filesBeneath(path);
      else yield { name, bytes: store.size(path) };
    }
  }
}) satisfies Unikernel;
