// What is served, in the shapes that the servers want it.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../../image-builder/index.ts";
import { corpus } from "../lib/corpus.ts";
import { installed } from "../lib/installed.ts";
import { makeSquashfs } from "../lib/squashfs.ts";

/** The command. */
export const DOCTEUR = installed();

/** A folder that is removed at the end. */
export const temporary = mkdtempSync(join(tmpdir(), "docteur-bench-"));
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

const files = await corpus();
const home = join(files.image, "..");

/** The corpus: as a folder, as an image without deltas, as a squashfs. */
export const site = {
  folder: files.folder,
  image: join(home, "image-without-deltas"),
  squashfs: join(home, "squashfs"),
};
if (!existsSync(site.image)) {
  await makeImage({ repository: site.folder, image: site.image, withoutDeltas: true });
}
await makeSquashfs(site.folder, site.squashfs);

/** Files of rust-doc, of 2 and of 63 KB. */
export const SMALL = "/html/book/README.html";
export const MEDIUM = "/html/std/index.html";
