import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, keyOf } from "./cache.ts";
import { bundle } from "./esbuild.ts";
import { packageRoot } from "./package-root.ts";

/** The name of the bundle in its folder. */
const FILE = "guest.cjs";

/**
 * The guest's program as one file: made from the sources and kept until they change, or the one that was made when the
 * package was.
 */
export async function getBundle(): Promise<string> {
  const root = packageRoot();
  if (!existsSync(join(root, "guest", "runtime", "main.ts"))) return join(root, "dist", FILE);
  const folder = await cached(`bundle-${await sourcesKey(root)}`, (folder) => makeBundle(join(folder, FILE)));
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
  await bundle({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: "node",
    // The machine's Node starts a CommonJS file a little sooner than a module.
    format: "cjs",
    target: "node26",
    minifySyntax: true,
  });
}

/** The key of the guest's sources. */
export async function sourcesKey(root: string): Promise<string> {
  const guest = join(root, "guest");
  const paths = (await readdir(guest, { recursive: true })).filter((path) => path.endsWith(".ts")).sort();
  const sources = await Promise.all(paths.map((path) => readFile(join(guest, path))));
  const versions = await readFile(join(root, "package.json"));
  return keyOf(versions, ...paths.flatMap((path, index) => [path, sources[index]!]));
}
