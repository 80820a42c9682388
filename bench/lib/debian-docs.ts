import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { requireTool } from "../../vm/tools.ts";
import { bytesIn } from "./folder-size.ts";

/** Debian's suites, the oldest first; those that the mirror does not have are left out. */
const SUITES = ["bookworm", "trixie", "sid"];

/** A package of documentation. */
interface Package {
  readonly suite: string;
  readonly name: string;
  readonly version: string;
  /** Bytes, as its maintainer counted them. */
  readonly installed: number;
}

/** A package is left out that is more than this part of what is wanted, so that there are several. */
const LARGEST_PART = 1 / 8;

/**
 * Unpacks packages of documentation into `folder`, each into `SUITE/PACKAGE`, until there are `bytes` of
 * files: of each suite in turn the largest package that is not there yet, of an eighth of that at most. Which
 * ones they are depends on the state of the suites. apt checks them against the signed lists of the mirror that this system uses.
 * @throws {Error} if the system's sources name no mirror of Debian, or it has fewer.
 */
export async function fetchDebianDocs(folder: string, bytes: number): Promise<void> {
  const apt = mkdtempSync(`${folder}.apt.`);
  try {
    const suites: Package[][] = [];
    for (const suite of SUITES) {
      const all = await packagesOf(suite, join(apt, suite)).catch(() => []);
      suites.push(all.filter(({ installed }) => installed <= bytes * LARGEST_PART));
    }
    let done = 0;
    for (let turn = 0; suites.some((packages) => packages.length > 0); turn++) {
      const next = suites[turn % suites.length]!.shift();
      if (next === undefined) continue;
      const into = join(folder, next.suite, next.name);
      await unpack(next, join(apt, next.suite), into);
      done += bytesIn(into);
      process.stderr.write(`${next.suite}/${next.name}: ${(done / 1e9).toFixed(2)} GB\n`);
      if (done >= bytes) return;
    }
    throw new Error(`the mirror's packages of documentation have only ${done} bytes`);
  } finally {
    rmSync(apt, { recursive: true, force: true });
  }
}

/** The packages of a suite's section `doc` for all machines, the largest first. */
async function packagesOf(suite: string, state: string): Promise<Package[]> {
  for (const path of ["lists/partial", "cache/archives/partial"]) {
    mkdirSync(join(state, path), { recursive: true });
  }
  writeFileSync(join(state, "sources.list"), `deb ${mirror()} ${suite} main\n`);
  writeFileSync(join(state, "status"), "");
  await execa(requireTool("apt-get"), [...settings(state), "update"]);
  const { stdout } = await execa(requireTool("apt-cache"), [...settings(state), "dumpavail"], {
    maxBuffer: 1024 ** 3,
  });
  return stdout
    .split("\n\n")
    .filter((text) => /^Section: doc$/m.test(text) && /^Architecture: all$/m.test(text))
    .map((text) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1] ?? "";
      // Installed-Size is in KiB (deb-control(5)).
      const installed = Number(field("Installed-Size")) * 1024;
      return { suite, name: field("Package"), version: field("Version"), installed };
    })
    .toSorted((a, b) => b.installed - a.installed || (a.name < b.name ? -1 : 1));
}

/** Downloads a package and unpacks its files, not what dpkg does on installing it. */
async function unpack({ name, version }: Package, state: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const download = join(state, "download");
  mkdirSync(download);
  await execa(requireTool("apt-get"), [...settings(state), "download", `${name}=${version}`], {
    cwd: download,
  });
  for (const file of readdirSync(download)) {
    await execa(requireTool("dpkg-deb"), ["-x", join(download, file), into]);
  }
  rmSync(download, { recursive: true });
}

function settings(state: string): string[] {
  const all = [
    `Dir::State=${state}`,
    `Dir::State::status=${state}/status`,
    `Dir::Cache=${state}/cache`,
    `Dir::Etc::sourcelist=${state}/sources.list`,
    "Dir::Etc::sourceparts=/dev/null",
    // Otherwise apt, run by root, changes to a user who cannot enter the folder.
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    "APT::Update::Error-Mode=any",
  ];
  return all.flatMap((setting) => ["-o", setting]);
}

/** The address of this system's mirror, as a line of sources.list(5) has it, after the keys for it. */
function mirror(): string {
  const sources = "/etc/apt";
  const files = [
    join(sources, "sources.list"),
    ...readdirSync(join(sources, "sources.list.d")).map((name) => join(sources, "sources.list.d", name)),
  ];
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      continue;
    }
    const address = /^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(?<address>\w+:\S*\/debian\/?)(?:\s|$)/m.exec(text)
      ?.groups?.address;
    const keys = /^Signed-By:\s*(?<path>\/\S+)|^deb\s+\[[^\]]*signed-by=(?<option>[^\s\]]+)/im.exec(
      text,
    )?.groups;
    const path = keys?.path ?? keys?.option;
    if (address !== undefined) return path === undefined ? address : `[signed-by=${path}] ${address}`;
  }
  throw new Error("the sources of apt name no mirror of Debian");
}
