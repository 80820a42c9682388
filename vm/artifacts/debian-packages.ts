import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";

/**
 * Returns the package of Debian and Ubuntu that has a program or a shared library, by vm/debian-packages.txt;
 * undefined if it is not listed.
 *
 * @param name of a program such as `mkfs.erofs`, or of a library such as `libatomic.so.1`.
 */
export function debianPackage(name: string): string | undefined {
  // Read only when something is missing.
  const list = readFileSync(join(packageRoot(), "vm", "debian-packages.txt"), "utf8");
  const rows = list.split("\n").map((line) => line.split(/\s+/));
  return rows.find(([kind, listed]) => kind !== "#" && listed === name)?.[2];
}

/** Returns how to install a program or library; undefined if its package is neither listed nor given. */
export function installation(name: string, packageName = debianPackage(name)): string | undefined {
  return packageName === undefined ? undefined : `on Debian or Ubuntu: apt install ${packageName}`;
}
