import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { findTool, requireTool, runTool } from "../tools.ts";

/** Whether this system has the tools to fetch packages of Debian or of a derived system. */
export function hasDebianPackages(): boolean {
  return ["apt-get", "apt-cache", "dpkg-deb"].every((tool) => findTool(tool) !== undefined);
}

/**
 * Chooses the packages to fetch. `depends` returns the names that a package depends on; undefined for an
 * unknown package.
 */
export type Choice = (depends: (name: string) => Promise<string[] | undefined>) => Promise<string[]>;

/**
 * Fetches packages and unpacks them. It installs nothing and needs no root. apt checks them against the
 * signed lists of the system's sources. If these lists are missing or out of date, apt fetches lists into a
 * temporary folder.
 *
 * @param into the folder for the packages' files.
 * @returns the names of the chosen packages.
 * @throws {DocteurError} `TOOL_FAILED`, `PACKAGE_UNKNOWN`.
 */
export async function fetchPackages(choose: Choice, into: string): Promise<string[]> {
  const apt = `${into}.apt`;
  try {
    try {
      return await fetchWith([], choose, apt, into);
    } catch (error) {
      return await fetchWithOwnLists(choose, apt, into).catch((second) => {
        // If the system's lists have the package, the first error says more.
        throw error instanceof DocteurError && error.code === "PACKAGE_UNKNOWN" ? second : error;
      });
    }
  } finally {
    await rm(apt, { recursive: true, force: true });
  }
}

async function fetchWithOwnLists(choose: Choice, apt: string, into: string): Promise<string[]> {
  const state = await privateState(apt);
  await runTool(requireTool("apt-get"), [...state, "update"]);
  return fetchWith(state, choose, apt, into);
}

async function fetchWith(options: string[], choose: Choice, apt: string, into: string): Promise<string[]> {
  const download = join(apt, "download");
  for (const folder of [download, into]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  const names = await choose((name) => depends(options, name));
  await runTool(requireTool("apt-get"), [...options, "download", ...names], { cwd: download });
  const dpkg = requireTool("dpkg-deb");
  for (const file of await readdir(download)) await runTool(dpkg, ["-x", join(download, file), into]);
  return names;
}

async function privateState(apt: string): Promise<string[]> {
  const state = join(apt, "state");
  const cache = join(apt, "cache");
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(cache, "archives", "partial"), { recursive: true });
  const settings = [
    `Dir::State=${state}`,
    "Dir::State::status=/var/lib/dpkg/status",
    `Dir::Cache=${cache}`,
    // Otherwise apt, run by root, changes to a user who cannot enter the cache.
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    // Otherwise an update that reaches no server succeeds.
    "APT::Update::Error-Mode=any",
  ];
  return settings.flatMap((setting) => ["-o", setting]);
}

async function depends(options: string[], name: string): Promise<string[] | undefined> {
  const shown = await show(options, name);
  if (shown === "") return undefined;
  return (
    field(shown, "Depends")
      ?.split(/[,|]/)
      .map((dependency) => dependency.trim().split(/[ :]/)[0]!) ?? []
  );
}

/** Returns apt's description of a package (deb-control(5)); empty for an unknown package. */
function show(options: string[], name: string): Promise<string> {
  const apt = requireTool("apt-cache");
  return runTool(apt, [...options, "show", "--no-all-versions", name]).catch(() => "");
}

function field(shown: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*)$`, "m").exec(shown)?.[1];
}

/**
 * Returns the bytes that packages take, fetched and unpacked; undefined if the system's lists do not have
 * them.
 */
export async function packagesSize(choose: Choice): Promise<number | undefined> {
  const names = await choose((name) => depends([], name)).catch(() => undefined);
  if (names === undefined) return undefined;
  const shown = await Promise.all(names.map((name) => show([], name)));
  // Installed-Size is in KiB.
  const sizes = shown.map(
    (text) => Number(field(text, "Size")) + Number(field(text, "Installed-Size")) * 1024,
  );
  return sizes.reduce((sum, size) => sum + size, 0) || undefined;
}

/** Chooses one package by its name. */
export function one(name: string): Choice {
  return async (depends) => {
    if ((await depends(name)) === undefined) {
      throw new DocteurError("PACKAGE_UNKNOWN", `apt knows no package ${name}`);
    }
    return [name];
  };
}
