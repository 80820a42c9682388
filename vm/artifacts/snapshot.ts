import { existsSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../cache/cache.ts";
import { packageRoot, pinnedNode } from "../package-root.ts";
import { runTool } from "../tools.ts";
import { makeBundle, sourcesKey } from "./bundle.ts";

/** Where a machine that a user or an engine starts has its snapshot. */
export const SNAPSHOT_PATH = "/docteur.blob";

/** The name of the bundle that the snapshot is made from. */
export const STANDALONE_FILE = "standalone.cjs";

/**
 * V8 learns the shapes of objects from the first call on: few calls prepare the code in the snapshot. With the rest, the
 * same program gives the same snapshot.
 */
const FLAGS = [
  "--no-lazy-feedback-allocation",
  "--single-threaded",
  "--predictable-gc-schedule",
  "--random-seed=1",
  "--no-warnings",
];

/** The snapshot has the path of its program: one that is the same in any folder. */
const WORKING_FOLDER = "/proc/self/cwd";

/**
 * Makes a startup snapshot (Node, `--build-snapshot`) of the guest's program for machines that boot without a template:
 * its code is compiled and has run, and the modules of Node that it needs are loaded. It depends on the version of Node,
 * and on no host: the same program gives the same bytes.
 *
 * @param folder for temporary files, empty.
 * @returns the file.
 * @throws {DocteurError} `NO_NODE`, `TOOL_FAILED`.
 */
export async function makeSnapshot(folder: string): Promise<string> {
  const [bundle, snapshot] = ["program.cjs", "snapshot.blob"];
  await copyFile(await getStandaloneBundle(), join(folder, bundle));
  const [from, to] = [bundle, snapshot].map((name) => join(WORKING_FOLDER, name)) as [string, string];
  await runTool(pinnedNode(), [...FLAGS, "--snapshot-blob", to, "--build-snapshot", from], { cwd: folder });
  await rm(join(folder, bundle));
  return join(folder, snapshot);
}

/** Returns the path of the program that a snapshot is made from. */
export async function getStandaloneBundle(): Promise<string> {
  const root = packageRoot();
  const entry = join(root, "guest", "runtime", "standalone", "main.ts");
  if (!existsSync(entry)) return join(root, "dist", STANDALONE_FILE);
  const folder = await cached(`standalone-bundle-${await sourcesKey(root)}`, async (folder) => {
    await makeBundle(join(folder, STANDALONE_FILE), entry);
  });
  return join(folder, STANDALONE_FILE);
}
