import { DocteurError } from "../../reader/errors.ts";
import { HEADER_BYTES } from "../../reader/image/header.ts";
import { SourceError } from "../../reader/source-error.ts";
import type { NbdAddress, RbdAddress } from "../../remote/address.ts";
import { installation } from "../artifacts/debian-packages.ts";
import type { Disk } from "../qemu/disk.ts";

/** Seconds for which QEMU waits for a lost server to come back: fewer than a machine that serves may hang. */
const RECONNECT_SECONDS = 10;

/** The package of Debian and Ubuntu with QEMU's driver of Ceph. */
const EXTRA_DRIVERS = "qemu-block-extra";

/**
 * An export of an NBD server as a disk that QEMU reads itself. Checks that the server has it.
 * @throws {SourceError} those of `findNbdExport`. @throws {DocteurError} `INVALID_IMAGE`: it is too small.
 */
export async function nbdDisk(address: NbdAddress, signal?: AbortSignal): Promise<Disk> {
  const { findNbdExport } = await import("../../remote/nbd/source.ts");
  const size = await findNbdExport(address, { signal });
  if (size < HEADER_BYTES) {
    const what = `the export has only ${size} bytes`;
    throw new DocteurError("INVALID_IMAGE", `${address.display}: invalid image: ${what}`);
  }
  return exportDisk(address);
}

/** The same, without asking the server. */
export function exportDisk({ server, exportName, display }: NbdAddress): Disk {
  const where =
    "path" in server
      ? { type: "unix", path: server.path }
      : { type: "inet", host: server.host, port: String(server.port) };
  return qemuDisk(display, {
    ...{ driver: "nbd", server: where, export: exportName },
    "reconnect-delay": RECONNECT_SECONDS,
  });
}

/**
 * An image of Ceph as a disk that QEMU reads itself. It is looked for only when the machine starts.
 * @throws {SourceError} `BAD_ADDRESS`: QEMU would get a password on its command line, or the form is unknown.
 */
export function rbdDisk({ specification, display }: RbdAddress): Disk {
  // `POOL/[NAMESPACE/]IMAGE[@SNAPSHOT]`, then `:NAME=VALUE`; a backslash keeps the next character's meaning.
  const [location = "", ...settings] = split(specification, ":");
  const [path = "", snapshot] = split(location, "@");
  const parts = split(path, "/").map(unescaped);
  const [pool, image] = [parts[0], parts.at(-1)];
  const namespace = parts.length === 3 ? parts[1] : undefined;
  const bad = (what: string) => new SourceError("BAD_ADDRESS", `${display}: ${what}`);
  if (parts.length < 2 || parts.length > 3) {
    throw bad("write rbd:POOL/[NAMESPACE/]IMAGE[@SNAPSHOT][:id=USER][:conf=FILE]");
  }
  const given: Record<string, string> = {};
  for (const setting of settings) {
    const [name, value] = /^(id|conf)=(.+)$/s.exec(setting)?.slice(1) ?? [];
    if (name === undefined || value === undefined) {
      throw bad("only id=USER and conf=FILE may follow: what else Ceph needs is read from that file");
    }
    given[name] = unescaped(value);
  }
  const file = {
    driver: "rbd",
    pool,
    ...(namespace !== undefined && { namespace }),
    image,
    ...(snapshot !== undefined && { snapshot: unescaped(snapshot) }),
    ...(given.id !== undefined && { user: given.id }),
    ...(given.conf !== undefined && { conf: given.conf }),
  };
  return qemuDisk(display, file);
}

function qemuDisk(name: string, file: { readonly driver: string; readonly [name: string]: unknown }): Disk {
  return {
    name,
    isElsewhere: true,
    blockdev: { driver: "raw", file: { ...file, "read-only": true } },
    unreadable: (reason) => {
      const isMissing = /unknown driver|does not accept value|module .* not found/i.test(reason);
      const remedy = isMissing
        ? `QEMU has no driver for ${file.driver}; ${installation(EXTRA_DRIVERS, EXTRA_DRIVERS)}`
        : `QEMU cannot open it: ${reason}`;
      return new SourceError(isMissing ? "SOURCE_UNSUPPORTED" : "SOURCE_UNREACHABLE", `${name}: ${remedy}`);
    },
  };
}

/** Splits at a character that no backslash precedes. */
function split(text: string, separator: string): string[] {
  const parts = [""];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === separator) {
      parts.push("");
      continue;
    }
    const length = text[at] === "\\" ? 2 : 1;
    parts.push(`${parts.pop()}${text.slice(at, at + length)}`);
    at += length - 1;
  }
  return parts;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, "$1");
}
