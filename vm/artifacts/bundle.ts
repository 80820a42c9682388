import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, keyOf } from "../cache/cache.ts";
import { LIBRARY_NODE } from "../library-node.ts";
import { packageRoot } from "../package-root.ts";
import { bundle } from "./esbuild.ts";

/** The name of the bundle in its folder. */
const FILE = "guest.cjs";

/** That of the program of threads beside it; reader/bulk/threads.ts looks for it under this name. */
const THREAD_FILE = "store-thread.cjs";

/**
 * The guest's program as one file: made from the sources and kept until they change, or the one that was made when the
 * package was. Beside it is what it starts threads with where it runs on this machine; in its own it has no use for them.
 */
export async function getBundle(): Promise<string> {
  const root = packageRoot();
  if (!existsSync(join(root, "guest", "runtime", "main.ts"))) return join(root, "dist", FILE);
  const folder = await cached(`bundle-${await sourcesKey(root)}`, async (folder) => {
    await Promise.all([makeBundle(join(folder, FILE)), makeThreadProgram(folder)]);
  });
  return join(folder, FILE);
}

/**
 * Makes that one file.
 * @param entry what starts in the guest.
 */
export async function makeBundle(
  file: string,
  entry = join(packageRoot(), "guest", "runtime", "main.ts"),
): Promise<void> {
  await bundle({ ...COMMON, entryPoints: [entry], outfile: file, target: "node26" });
}

/** Makes the program of the threads that read for `Store.getAll`, in a folder, beside whatever bundle the store is part of. */
export async function makeThreadProgram(folder: string): Promise<void> {
  const entry = join(packageRoot(), "reader", "bulk", "thread.ts");
  // The library, and so its threads, run on its user's Node.
  const target = `node${LIBRARY_NODE}`;
  await bundle({ ...COMMON, entryPoints: [entry], outfile: join(folder, THREAD_FILE), target });
}

const COMMON = {
  bundle: true,
  platform: "node",
  // Node starts a CommonJS file a little sooner than a module, in a machine and in a thread.
  format: "cjs",
  minifySyntax: true,
} as const;

/** The key of the sources that the guest's program is made of. */
export async function sourcesKey(root: string): Promise<string> {
  const paths = (await Promise.all(["reader", "guest"].map((room) => sourcesOf(root, room)))).flat();
  const sources = await Promise.all(paths.map((path) => readFile(join(root, path))));
  const versions = await readFile(join(root, "package.json"));
  return keyOf(versions, ...paths.flatMap((path, index) => [path, sources[index]!]));
}

async function sourcesOf(root: string, room: string): Promise<string[]> {
  const paths = await readdir(join(root, room), { recursive: true });
  return paths
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => join(room, path));
}
