import { existsSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { SNAPSHOT_PROGRAM } from "../../guest/protocol/standalone.ts";
import { cached } from "../cache/cache.ts";
import { packageRoot, pinnedNode } from "../package-root.ts";
import { PLAIN_NODE, runTool } from "../tools.ts";
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
  const bundle = join(folder, basename(SNAPSHOT_PROGRAM));
  const snapshot = "snapshot.blob";
  await copyFile(await getStandaloneBundle(), bundle);
  const args = [...FLAGS, "--snapshot-blob", snapshot, "--build-snapshot", SNAPSHOT_PROGRAM];
  // NODE_OPTIONS, a time zone and others would be in it.
  await runTool(pinnedNode(), args, { cwd: folder, env: PLAIN_NODE });
  await rm(bundle);
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
