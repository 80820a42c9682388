import { existsSync, realpathSync, statSync } from "node:fs";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { DocteurError } from "../reader/errors.ts";
import { packageRoot } from "../vm/package-root.ts";

/**
 * What is in scripts/starter, and its name in the project. npm would leave .gitignore and .npmrc out of its
 * package.
 */
const FILES = {
  "main.ts": "main.ts",
  "tsconfig.json": "tsconfig.json",
  "README.md": "README.md",
  gitignore: ".gitignore",
  npmrc: ".npmrc",
} as const;

/**
 * Writes the starter project into a folder, which it makes if there is none.
 * @throws {DocteurError} `FOLDER_NOT_EMPTY`, `FOLDER_UNWRITABLE`.
 */
export async function writeStarter(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length > 0) {
      throw new DocteurError("FOLDER_NOT_EMPTY", `${folder} is not empty: name a new folder`);
    }
    await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest(folder), undefined, 2)}\n`);
    for (const [from, to] of Object.entries(FILES)) {
      await copyFile(join(packageRoot(), "scripts", "starter", from), join(folder, to));
    }
  } catch (cause) {
    if (cause instanceof DocteurError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "EEXIST" || code === "ENOTDIR" ? "not a folder" : (code ?? message);
    throw new DocteurError("FOLDER_UNWRITABLE", `${folder}: ${why}`, { cause });
  }
}

function manifest(folder: string): object {
  const docteur = whereDocteurIs(folder);
  return {
    name: packageName(basename(resolve(folder))),
    private: true,
    type: "module",
    scripts: { start: "docteur run disk.img ./main.ts" },
    devDependencies: { docteur },
    // npm 12 runs no script of a dependency unasked; that of a checkout makes the types.
    allowScripts: { [docteur]: true },
  };
}

/**
 * Where npm finds docteur: in the folder of the one that runs here, whatever that was installed from, since
 * it has all that it needs in itself. By its name alone npm would take what somebody else may have given that
 * name in a registry.
 *
 * npm 9 and 10 change the mode of the commands that they link, which fails where they are another user's, as
 * those of a global installation often are. There the types are a package of their own, without commands:
 * `docteur` is on the PATH.
 */
export function whereDocteurIs(folder: string, root = packageRoot(), user = process.getuid!()): string {
  const types = join(root, "dist", "types");
  const linkable =
    user === 0 || user === statSync(join(root, "scripts", "docteur")).uid || !existsSync(types);
  return `file:${relative(realpathSync(folder), linkable ? root : types)}`;
}

/** The folder's name, without what npm refuses. */
function packageName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[._-]+/, "") || "unikernel"
  );
}
