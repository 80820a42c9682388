import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../vm/cache/cache.ts";

const ROOT = join(import.meta.dirname, "../..");

/**
 * Lays the command out as npm installs it, from what `make build` has made: what users start is the bundle,
 * not the sources. It always has the same path, so that what Node has compiled of it is found again.
 *
 * @returns the path of the command.
 * @throws if nothing was made.
 */
export function installed(): string {
  if (!existsSync(join(ROOT, "dist"))) throw new Error("dist/ is not there: make build makes it");
  const folder = join(cacheFolder(), "bench", "installed");
  rmSync(folder, { recursive: true, force: true });
  const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const name of ["package.json", ...files]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return join(folder, "scripts", "docteur");
}
