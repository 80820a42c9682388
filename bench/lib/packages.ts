import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Choice, fetchPackages } from "../../vm/artifacts/debian.ts";
import { cached, keyOf } from "../../vm/cache/cache.ts";
import { findTool } from "../../vm/tools.ts";

/** A program to measure with, and the environment that it runs in. */
export interface Tool {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that stands for `/` in its packages; undefined if it is installed. */
  readonly root?: string;
}

/** Every system that Node runs on has these, and one of its own would not go with its loader. */
const WITH_NODE = /^(libc6|libgcc-s1|libstdc\+\+6|gcc-\d+-base)$/;

/**
 * A program of a Debian package: the one that is installed, or else fetched once, with the libraries that it
 * needs, and installed nowhere.
 *
 * @param file its path in the package below usr, `sbin/nginx` say.
 * @param others packages that it needs and that are not libraries.
 * @throws {DocteurError} `TOOL_MISSING`, `TOOL_FAILED`, `PACKAGE_UNKNOWN`.
 */
export async function packagedTool(
  file: string,
  debianPackage: string,
  others: readonly string[] = [],
): Promise<Tool> {
  const installed = findTool(file.split("/").at(-1)!);
  if (installed !== undefined) return { path: installed, env: process.env };
  const folder = await cached(`bench-tool-${keyOf(debianPackage, ...others)}`, async (folder) => {
    await fetchPackages(withLibraries(debianPackage, others), join(folder, "root"));
  });
  const root = join(folder, "root");
  const path = ["usr", "."].map((each) => join(root, each, file)).find((each) => existsSync(each));
  if (path === undefined) throw new Error(`the package ${debianPackage} has no ${file}`);
  const libraries = ["usr/lib", "lib"].map((each) => join(root, each, "x86_64-linux-gnu"));
  return { path, env: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") }, root };
}

/**
 * A package, others, and the libraries that they depend on, and those in turn, whatever they are called in this
 * release.
 */
function withLibraries(debianPackage: string, others: readonly string[]): Choice {
  return async (depends) => {
    const chosen = new Set([debianPackage, ...others]);
    // Grows while it is gone through.
    for (const name of chosen) {
      const needed = await depends(name);
      if (needed === undefined && name === debianPackage) return [name];
      // One that apt does not know is an alternative that another release has.
      if (needed === undefined) chosen.delete(name);
      for (const each of needed ?? [])
        if (/^(lib|zlib)/.test(each) && !WITH_NODE.test(each)) chosen.add(each);
    }
    return [...chosen];
  };
}
