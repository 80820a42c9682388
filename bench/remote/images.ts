// What is read: an image of the corpus, and a file of it.
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { blobs, corpus, imageOfFolder } from "../lib/corpus.ts";
import { temporary } from "./machine.ts";

export const files = await corpus();

/** The image, packed anew: this is what `docteur make` makes of a folder. */
export const image = await imageOfFolder(files);

/** The files of the corpus, with slashes in front. */
export const paths = (await blobs(files)).map(({ path }) => `/${path}`);

/** Folders above the one that has the file, and the file: what a reader walks down. */
const DEPTH = 7;

/** The first file that lies so deep, or else the deepest. */
export const deepPath: string = paths.reduce((best, path) =>
  depth(best) < Math.min(DEPTH, depth(path)) ? path : best,
);

export const deepContent: Buffer = readFileSync(join(files.folder, deepPath));

/** What a web server serves: the image as `disk.img`. */
export const webRoot: string = join(temporary, "www");
mkdirSync(webRoot);
symlinkSync(image, join(webRoot, "disk.img"));

function depth(path: string): number {
  return path.split("/").length - 1;
}
