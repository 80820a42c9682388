import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { OnLoadResult, PartialMessage, Plugin } from "esbuild";

/** Files in which esbuild follows a `sourceMappingURL`. */
const WITH_SOURCE_MAP = /\.([cm]?[jt]s|[jt]sx|css)$/;

/** The URL of a source map (ECMA-426, "Linking generated code to source maps"), wherever it stands. */
const SOURCE_MAP_URL = /[#@][ \t]*sourceMappingURL=([^\s'"`]+)/g;

/** The folder of a file and all above it, the innermost first. */
export function foldersAbove(file: string): string[] {
  const folder = dirname(file);
  return folder === file ? [] : [folder, ...foldersAbove(folder)];
}

/**
 * Which files of this host a program may contain: those of its project, and the packages that Node's
 * resolution finds for them. The project is the folder of the nearest package.json, or without one the folder
 * of the program. A package.json in the root or in the user's home folder does not count: it would make all
 * of the user's files a project.
 *
 * Symbolic links in paths are resolved first. A link in a `node_modules` folder counts if it leads to a
 * package of that name, as links of `npm link`, of workspaces and of pnpm do.
 */
export class ProjectFiles {
  readonly folder: string;
  readonly #packages: string[] = [];
  /** Folders from which a package is resolved: those of the program's files, and all above. */
  readonly #folders = new Set<string>();

  /** @param program the program's file. */
  constructor(program: string) {
    const file = realpathSync(program);
    const tooMuch = [real(homedir()), sep];
    const own = (folder: string) => existsSync(join(folder, "package.json")) && !tooMuch.includes(folder);
    this.folder = foldersAbove(file).find(own) ?? dirname(file);
  }

  /** Whether the program may contain a file. It must be called for the importing file first. */
  has(path: string): boolean {
    const file = real(path);
    if (file === undefined || !statSync(file).isFile() || !this.#isWithin(file)) return false;
    for (const folder of foldersAbove(file)) {
      if (this.#folders.has(folder)) break;
      this.#folders.add(folder);
    }
    return true;
  }

  #isWithin(file: string): boolean {
    const isIn = (folder: string) => file.startsWith(folder === sep ? sep : folder + sep);
    if (isIn(this.folder) || this.#packages.some(isIn)) return true;
    const modules = [...this.#folders].map((folder) => real(join(folder, "node_modules")));
    // A `node_modules` that is a link to a folder of another name would make everything in that folder a
    // package.
    if (modules.some((each) => each !== undefined && basename(each) === "node_modules" && isIn(each)))
      return true;
    const linked = foldersAbove(file).find((folder) => this.#isLinked(folder));
    if (linked !== undefined) this.#packages.push(linked);
    return linked !== undefined;
  }

  /** Whether a `node_modules` folder has a link to this one under its name as a package. */
  #isLinked(folder: string): boolean {
    const name = packageName(folder);
    return (
      name !== undefined &&
      [...this.#folders].some((above) => real(join(above, "node_modules", name)) === folder)
    );
  }
}

function packageName(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof name === "string" && /^(@[\w.~-]+\/)?[\w~-][\w.~-]*$/.test(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Refuses files that a program may not contain, with the location of the import. */
export function onlyProjectFiles(files: ProjectFiles): Plugin {
  return {
    name: "project-files",
    setup({ onLoad, initialOptions }) {
      const shown = (path: string) => relative(initialOptions.absWorkingDir ?? "", path);
      const outside = (path: string) =>
        `${shown(path)} is refused: it is outside of the project ${files.folder} and of its node_modules`;
      onLoad({ filter: /./, namespace: "file" }, ({ path, with: attributes }): OnLoadResult | undefined => {
        // Without a location, esbuild adds that of the import.
        if (!files.has(path)) return { errors: [{ text: outside(path) }] };
        if (attributes.type !== undefined || !WITH_SOURCE_MAP.test(path)) return undefined;
        const errors = sourceMaps(path)
          .filter(({ map }) => existsSync(map) && !files.has(map))
          .map(({ map, location }): PartialMessage => ({ text: outside(map), location }));
        return errors.length === 0 ? undefined : { errors };
      });
    },
  };
}

/** Returns the source maps that a file names, each with its location. */
function sourceMaps(
  path: string,
): { map: string; location: { file: string; line: number; column: number } }[] {
  const bytes = readFileSync(path);
  if (!bytes.includes("sourceMappingURL=")) return [];
  const text = bytes.toString();
  return Array.from(text.matchAll(SOURCE_MAP_URL))
    .filter(([, url]) => !url!.startsWith("data:"))
    .map((match) => {
      const before = text.slice(0, match.index).split("\n");
      return {
        map: resolve(dirname(path), pathOf(match[1]!)),
        location: { file: path, line: before.length, column: before.at(-1)!.length },
      };
    });
}

/** Returns the path of a file's URL, absolute or relative, as esbuild reads it. */
function pathOf(url: string): string {
  const path = url.replace(/[?#].*$/s, "").replace(/^(file:)?(\/\/(localhost)?(?=\/))?/i, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
