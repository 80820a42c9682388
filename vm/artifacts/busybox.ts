import { access, copyFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { cached, cacheFolder } from "../cache/cache.ts";
import { findTool } from "../tools.ts";
import { fetchPackages, hasDebianPackages, one } from "./debian.ts";

const PACKAGE = "busybox-static";

/**
 * Returns a static busybox: the package's, fetched once, or without apt the system's own.
 * @throws {DocteurError} `NO_BUSYBOX`.
 */
export async function getBusybox(note: (line: string) => void): Promise<string> {
  if (!hasDebianPackages()) return installedBusybox();
  const folder = await cached(PACKAGE, async (folder) => {
    note("fetching a static busybox (once)");
    const unpacked = join(folder, "unpacked");
    try {
      await fetchPackages(one(PACKAGE), unpacked);
    } catch (cause) {
      const { message } = cause as Error;
      throw new DocteurError("NO_BUSYBOX", `no static busybox could be fetched: ${message}`, { cause });
    }
    const copy = (from: string) => copyFile(join(unpacked, from), join(folder, "busybox"));
    await copy("bin/busybox").catch(() => copy("usr/bin/busybox"));
    await rm(unpacked, { recursive: true });
  });
  return join(folder, "busybox");
}

/** Returns the fetched busybox or the system's own; undefined if there is neither. */
export async function cachedBusybox(): Promise<string | undefined> {
  const path = join(cacheFolder(), PACKAGE, "busybox");
  return access(path).then(
    () => path,
    () => installedBusybox().catch(() => undefined),
  );
}

async function installedBusybox(): Promise<string> {
  const path = findTool("busybox");
  if (path !== undefined && !needsInterpreter(await readFile(path))) return path;
  throw new DocteurError("NO_BUSYBOX", "no static busybox is on the PATH; install one");
}

const PT_INTERP = 3;

/** Whether a 64-bit ELF executable needs a dynamic linker (System V ABI, program header). */
function needsInterpreter(elf: Buffer): boolean {
  const table = Number(elf.readBigUInt64LE(0x20));
  const entrySize = elf.readUInt16LE(0x36);
  const count = elf.readUInt16LE(0x38);
  return Array.from({ length: count }, (_, index) => elf.readUInt32LE(table + index * entrySize)).includes(
    PT_INTERP,
  );
}
