import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, keyOf } from "../cache/cache.ts";
import { LIBRARY_NODE } from "../library-node.ts";
import { packageRoot } from "../package-root.ts";
import { bundle } from "./esbuild.ts";

/** The name of the bundle in its folder. */
const FILE = "guest.cjs";

/** The name of the threads' program beside it. reader/bulk/threads.ts looks for it. */
const THREAD_FILE = "store-thread.cjs";

/**
 * Returns the path of the guest's program as one file. In a checkout it is made from the sources whenever
 * they change; the npm package contains it. The program of its threads lies beside it, for runs on the host:
 * a machine has one CPU.
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
 * Makes the guest's program as one file.
 * @param entry the source that it starts with.
 */
export async function makeBundle(
  file: string,
  entry = join(packageRoot(), "guest", "runtime", "main.ts"),
): Promise<void> {
  // Comments in it name the sources, from this folder on.
  const absWorkingDir = packageRoot();
  await bundle({ ...COMMON, absWorkingDir, entryPoints: [entry], outfile: file, target: "node26" });
}

/**
 * Makes the program of the threads of `Store.getAll`, in the folder of the bundle that contains the store.
 */
export async function makeThreadProgram(folder: string): Promise<void> {
  const entry = join(packageRoot(), "reader", "bulk", "thread.ts");
  // The library and its threads run on the user's Node.
  const target = `node${LIBRARY_NODE}`;
  await bundle({ ...COMMON, entryPoints: [entry], outfile: join(folder, THREAD_FILE), target });
}

const COMMON = {
  bundle: true,
  platform: "node",
  // Node starts a CommonJS file a little sooner than a module.
  format: "cjs",
  minifySyntax: true,
} as const;

/** A hash of the sources of the guest's program. */
export async function sourcesKey(root: string): Promise<string> {
  const paths = (await Promise.all(["reader", "guest"].map((folder) => sourcesOf(root, folder)))).flat();
  const sources = await Promise.all(paths.map((path) => readFile(join(root, path))));
  const versions = await readFile(join(root, "package.json"));
  return keyOf(versions, ...paths.flatMap((path, index) => [path, sources[index]!]));
}

async function sourcesOf(root: string, folder: string): Promise<string[]> {
  const paths = await readdir(join(root, folder), { recursive: true });
  return paths
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => join(folder, path));
}
