import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = new URL("../results/", import.meta.url).pathname;

/** Writes what was found to `bench/results/NAME.json`, as `compare` does. */
export function results(name: string, found: object): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(
    join(FOLDER, `${name}.json`),
    `${JSON.stringify({ ...found, node: process.version }, null, 2)}\n`,
  );
}
