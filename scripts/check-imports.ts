/**
 * Checks that the sources import each other as docs/ARCHITECTURE.md draws it:
 *
 *     node scripts/check-imports.ts
 *
 * Writes a line to standard error for each import that breaks a rule. Status 1 if there is one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** The layers, and the folders outside of it that each may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  reader: [],
  guest: ["reader"],
  remote: ["reader"],
  "image-builder": ["reader", "remote"],
  vm: ["reader", "remote", "guest/protocol"],
  scripts: ["reader", "remote", "guest", "image-builder", "vm"],
};

/** Files and folders of the reader that may import modules of Node; the rest is to run in browsers, too. */
const MAY_IMPORT_NODE: readonly string[] = [
  "reader/block/file.ts",
  "reader/block/nbd.ts",
  "reader/bulk/thread.ts",
  "reader/bulk/threads.ts",
  "reader/fs/",
  "reader/node-platform.ts",
  "reader/pack/inflate-zlib.ts",
  // Not part of the library: image-builder and vm name their temporary files with it.
  "reader/process-name.ts",
];

/** What a module that is imported is called in an `import`, an `export ... from` and an `import()`. */
const SPECIFIER = /^(?:import|export)\b[^;"]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;

/**
 * Finds the imports that break a rule, one line each.
 *
 * @param sources the text of each file, by its path from the folder of the project.
 */
export function checkImports(sources: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  /** By folder, the folders that it imports, and a file of each that does. */
  const folders = new Map<string, Map<string, string>>();
  for (const [file, text] of sources) {
    for (const match of text.matchAll(SPECIFIER)) {
      const specifier = (match[1] ?? match[2] ?? match[3]) as string;
      if (/^(node:|pako$)/.test(specifier)) {
        if (file.startsWith("reader/") && !isIn(file, MAY_IMPORT_NODE) && specifier !== "pako") {
          faults.push(`${file} imports ${specifier}: the reader reaches Node through named files alone`);
        }
        continue;
      }
      if (!specifier.startsWith(".") || specifier.endsWith(".json")) continue;
      const target = normalize(join(dirname(file), specifier));
      if (!mayImport(file, target)) faults.push(`${file} imports ${target}: ${layer(file)} may not`);
      const [from, to] = [dirname(file), dirname(target)];
      if (from === to || contains(from, to) || contains(to, from)) continue;
      if (!folders.has(from)) folders.set(from, new Map());
      folders.get(from)!.set(to, file);
    }
  }
  for (const [from, imported] of folders) {
    for (const [to, file] of imported) {
      if (reaches(folders, to, from)) faults.push(`${file} imports ${to}, which imports ${from}: a circle`);
    }
  }
  return faults;
}

function layer(path: string): string {
  return path.slice(0, path.indexOf("/"));
}

function mayImport(file: string, target: string): boolean {
  const own = layer(file);
  return isIn(target, [`${own}/`, ...(MAY_IMPORT[own] ?? []).map((folder) => `${folder}/`)]);
}

/** Whether a path is one of these files, or in one of these folders, which end with a slash. */
function isIn(path: string, paths: readonly string[]): boolean {
  return paths.some((each) => (each.endsWith("/") ? path.startsWith(each) : path === each));
}

function contains(outer: string, inner: string): boolean {
  return inner.startsWith(`${outer}/`);
}

function reaches(
  folders: ReadonlyMap<string, ReadonlyMap<string, string>>,
  from: string,
  to: string,
): boolean {
  const seen = new Set([from]);
  for (const folder of seen) for (const next of folders.get(folder)?.keys() ?? []) seen.add(next);
  return seen.has(to);
}

/** The sources of all layers of the project in `root`. */
export function readSources(root: string): Map<string, string> {
  const sources = new Map<string, string>();
  for (const layer of Object.keys(MAY_IMPORT)) {
    for (const path of readdirSync(join(root, layer), { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".ts") || path.startsWith("starter/")) continue;
      sources.set(join(layer, path), readFileSync(join(root, layer, path), "utf8"));
    }
  }
  return sources;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = checkImports(readSources(join(import.meta.dirname, "..")));
  for (const fault of faults) console.error(`check-imports: ${fault}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
