import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Images that the original wrote, and the folders that it made them of; see fixtures/README.md. */
export const FIXTURES: string = join(import.meta.dirname, "fixtures/docteur-0.0.7");

/** Images of a SHA-256 repository, two of them put together of what git wrote; see fixtures/README.md. */
export const SHA256_FIXTURES: string = join(import.meta.dirname, "fixtures/sha256");

export interface Expectation {
  readonly madeFrom?: string;
  readonly date?: string;
  readonly blockSize?: number;
  readonly commit: string;
  readonly root: string;
  readonly verifyOutput?: string;
  /** What git says of each file and link, by its path from the root. */
  readonly files: Readonly<Record<string, { readonly blob: string; readonly size: number }>>;
}

function expectationsIn(folder: string): Readonly<Record<string, Expectation>> {
  return JSON.parse(readFileSync(join(folder, "expect.json"), "utf8"));
}

const expectations = expectationsIn(FIXTURES);

/** The original's images, by file name. */
export const IMAGES: ReadonlyMap<string, Expectation> = new Map(
  Object.entries(expectations).filter(([name]) => name.endsWith(".img")),
);

/** The images of either object format, by path. */
export const ALL_IMAGES: ReadonlyMap<string, Expectation> = new Map([
  ...Array.from(IMAGES, ([name, expected]) => [join(FIXTURES, name), expected] as const),
  ...Object.entries(expectationsIn(SHA256_FIXTURES)).map(
    ([name, expected]) => [join(SHA256_FIXTURES, name), expected] as const,
  ),
]);

/** The commit of `stores/small` with an empty folder `hollow` in it, which has no image. */
export const HOLLOW: Expectation = expectations["small + an empty directory hollow/"]!;
