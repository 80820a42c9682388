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
 * Which files of this machine a program may be made of: those of its project, and what Node's resolution of packages finds for
 * them. The project is the folder of the nearest package.json, or, if there is none, the folder of the program. One in the
 * root or in the user's home folder does not count: it would make a project of everything that the user has.
 *
 * Paths are judged by what they are without symbolic links. A link in a `node_modules` folder counts if it leads to a package of that
 * name, as links of `npm link`, of workspaces and of pnpm do.
 */
export class ProjectFiles {
  readonly folder: string;
  readonly #packages: string[] = [];
  /** Folders from which a package may be asked for: those of files that are part of the program, and all above. */
  readonly #folders = new Set<string>();

  /** @param program its file. */
  constructor(program: string) {
    const file = realpathSync(program);
    const tooMuch = [real(homedir()), sep];
    const own = (folder: string) => existsSync(join(folder, "package.json")) && !tooMuch.includes(folder);
    this.folder = foldersAbove(file).find(own) ?? dirname(file);
  }

  /** Whether the file may be a part of the program. The file that imports it must have been asked for before. */
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
    // A link of this name to any other folder would let packages be whatever lies there.
    if (modules.some((each) => each !== undefined && basename(each) === "node_modules" && isIn(each)))
      return true;
    const linked = foldersAbove(file).find((folder) => this.#isLinked(folder));
    if (linked !== undefined) this.#packages.push(linked);
    return linked !== undefined;
  }

  /** Whether a `node_modules` folder has a link to this one by the name that it has as a package. */
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

/** Refuses whatever is not among the files of a program's project, with the place of the import. */
export function onlyProjectFiles(files: ProjectFiles): Plugin {
  return {
    name: "project-files",
    setup({ onLoad, initialOptions }) {
      const shown = (path: string) => relative(initialOptions.absWorkingDir ?? "", path);
      const outside = (path: string) =>
        `${shown(path)} is not taken: it lies outside of the project ${files.folder} and of its node_modules`;
      onLoad({ filter: /./, namespace: "file" }, ({ path, with: attributes }): OnLoadResult | undefined => {
        // Without a place, esbuild names that of the import.
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

/** The source maps that a file names, and where it does. */
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

/** The path of a file's URL, whole or relative, as esbuild reads it. */
function pathOf(url: string): string {
  const path = url.replace(/[?#].*$/s, "").replace(/^(file:)?(\/\/(localhost)?(?=\/))?/i, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
