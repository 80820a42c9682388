import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Images that the original wrote, and the folders that it made them of; see fixtures/README.md. */
export const FIXTURES: string = join(import.meta.dirname, "fixtures/docteur-0.0.7");

export interface Expectation {
  readonly madeFrom?: string;
  readonly date?: string;
  readonly blockSize?: number;
  readonly commit: string;
  readonly root: string;
  readonly verifyOutput?: string;
}

const expectations: Readonly<Record<string, Expectation>> = JSON.parse(
  readFileSync(join(FIXTURES, "expect.json"), "utf8"),
);

/** The images, by file name. */
export const IMAGES: ReadonlyMap<string, Expectation> = new Map(
  Object.entries(expectations).filter(([name]) => name.endsWith(".img")),
);

/** The commit of `stores/small` with an empty folder `hollow` in it, which has no image. */
export const HOLLOW: Expectation = expectations["small + an empty directory hollow/"]!;
