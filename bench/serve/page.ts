import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, extname, join } from "node:path";
import { makeImage } from "../../image-builder/index.ts";
import { site } from "./site.ts";

/** How many files of each kind the page has: 60 in all. */
const ASSETS = { ".css": 12, ".js": 16, ".svg": 16, ".png": 8, ".woff2": 8 };
export const ASSET_COUNT = Object.values(ASSETS).reduce((sum, count) => sum + count);

/** Files above it are a search's index or a picture of the whole screen. */
const MAX_SIZE = 200_000;

/** An image of a page of rust-doc's files, `/index.html`, which a browser loads with 60 of them; made once. */
export async function pageImage(): Promise<string> {
  const home = join(site.folder, "..");
  const image = join(home, "page.img");
  if (existsSync(image)) return image;
  const folder = join(home, "page");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const names = Object.entries(ASSETS).flatMap(([extension, count]) => {
    const paths = filesOf(extension).slice(0, count);
    if (paths.length < count) throw new Error(`rust-doc has only ${paths.length} files ${extension}`);
    return paths.map((path, index) => {
      const name = `${index}-${basename(path)}`;
      cpSync(path, join(folder, name));
      return name;
    });
  });
  writeFileSync(join(folder, "index.html"), pageOf(names));
  await makeImage({ repository: folder, image: `${image}.part`, withoutDeltas: true });
  renameSync(`${image}.part`, image);
  return image;
}

/** Files of different contents, as their sizes tell, in the order of their paths. */
function filesOf(extension: string): string[] {
  const root = join(site.folder, "html");
  const sizes = new Set<number>();
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  return paths
    .filter((path) => extname(path) === extension && existsSync(join(root, path)))
    .map((path) => join(root, path))
    .filter((path) => {
      const { size } = statSync(path);
      if (size > MAX_SIZE || sizes.has(size)) return false;
      // These would be files beyond the 60.
      if (extension === ".css" && readFileSync(path, "utf8").includes("@import")) return false;
      sizes.add(size);
      return true;
    });
}

function pageOf(names: readonly string[]): string {
  const tags = names.map((name) => {
    switch (extname(name)) {
      case ".css":
        return `<link rel=stylesheet href="${name}">`;
      case ".js":
        return `<script src="${name}" defer></script>`;
      case ".woff2":
        // What is preloaded belongs to what `load` waits for; other fonts do not.
        return `<link rel=preload as=font type=font/woff2 crossorigin href="${name}">`;
      default:
        return `<img src="${name}" alt="">`;
    }
  });
  const isHead = (tag: string) => /^<(?:link|script)/.test(tag);
  const head = tags.filter(isHead);
  const body = tags.filter((tag) => !isHead(tag));
  return `<!DOCTYPE html>
<meta charset=utf-8>
<title>Rust</title>
<link rel=icon href="data:,">
${head.join("\n")}
<h1>Rust</h1>
${body.join("\n")}
`;
}
