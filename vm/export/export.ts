import { rmSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { encodeProgramDisk } from "../../guest/protocol/program-disk.ts";
import type { Port } from "../../guest/protocol/published-port.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { ImageHeader } from "../../reader/image/header.ts";
import { checkPinnedCommit } from "../../reader/image/pinned-commit.ts";
import { isPrintable, printable } from "../../reader/printable.ts";
import { SourceError } from "../../reader/source-error.ts";
import { isFile, parseImageAddress, pinnedAddress } from "../../remote/address.ts";
import { isDigest } from "../../remote/oci/digest.ts";
import { chooseAccelerator } from "../accelerator.ts";
import { getBusybox } from "../artifacts/busybox.ts";
import { getStandaloneInitramfs } from "../artifacts/initramfs.ts";
import { getKernel } from "../artifacts/kernel.ts";
import { getStandaloneRootDisk } from "../artifacts/root-disk.ts";
import { parsePortMapping, printAddress } from "../front/address.ts";
import { readImageHeader } from "../image/header.ts";
import { openServedDisk } from "../image/open-disk.ts";
import { checkMemory, type MachineOptions } from "../prepare.ts";
import { type PrepareOptions, prepareProgram } from "../program/prepare-program.ts";
import { type ProgramOptions, toRequest } from "../session/to-request.ts";
import type { Engine } from "./engine.ts";
import { describeCompose } from "./engines/compose.ts";
import { describeKubevirt } from "./engines/kubevirt.ts";
import { describeLibvirt } from "./engines/libvirt.ts";
import { describeNomad } from "./engines/nomad.ts";
import { RUN_FILE } from "./engines/run-script.ts";
import { describeScript } from "./engines/script.ts";
import { describeSystemd } from "./engines/systemd.ts";
import {
  type Description,
  type ExportedMachine,
  type HostPort,
  IMAGE_FILE,
  PROGRAM_FILE,
} from "./machine.ts";
import { writeMachineImage } from "./machine-image.ts";
import { copyPart, copyWhole } from "./parts.ts";
import { writeQemuImage } from "./qemu-image.ts";
import { readme } from "./readme.ts";

/** What to export, and for whom. */
export interface ExportOptions extends MachineOptions, ProgramOptions, PrepareOptions {
  readonly engine: Engine;
  /** Where the export goes: missing, or an empty folder. */
  readonly folder: string;
  /** Where the folder will lie when the engine reads it. Default: where it is written. */
  readonly at?: string | undefined;
  /** A folder for the kernel, the initramfs and the root disk, which other exports share. Default: in the folder. */
  readonly parts?: string | undefined;
  /** What the engine calls the machine. Default: the name of the folder. */
  readonly name?: string | undefined;
  /** Ports of the host, `[ADDRESS:]PORT:GUESTPORT` each. */
  readonly publish?: readonly string[] | undefined;
  /** The port of the machine at which `serve` answers `/healthz`. */
  readonly healthPort?: number | undefined;
  /** Of libvirt's machine. Default: q35. */
  readonly machineType?: "q35" | "microvm" | undefined;
  /** `REGISTRY/NAME[:TAG]`, for KubeVirt. */
  readonly registry?: string | undefined;
  /** Gets a line of text before each step that takes long, and about what was decided. */
  readonly note?: (line: string) => void;
}

/** Names that every engine takes (RFC 1123, a label). */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/;

/** In the folder of the export. */
const PARTS_FOLDER = "parts";

/** Addresses at which a machine listens: all of its own, of both families. */
const ANY_ADDRESS = "::";

/** The folders of exports under way. A second signal ends this process at once. */
const unfinished = new Set<string>();

process.on("exit", () => {
  for (const folder of unfinished) rmSync(folder, { recursive: true, force: true });
});

/**
 * Writes all that an engine needs to run a program on an image, in a folder that appears complete or not at all.
 *
 * @throws {DocteurError} `FOLDER_NOT_EMPTY`, `FOLDER_UNWRITABLE`, `DISK_FULL`, `EXPORT_UNSUPPORTED`; those of
 * `prepareSystem`, `prepareProgram`, `toRequest` and `parsePortMapping`. @throws {SourceError}
 */
export async function exportMachine(options: ExportOptions): Promise<void> {
  const { engine, note = () => {}, signal } = options;
  // Of a link, the folder that it leads to.
  const target = await realpath(options.folder).catch(() => resolve(options.folder));
  const isThere = await requireEmpty(target);
  const memory = checkMemory(options);
  const mappings = (options.publish ?? []).map(hostPort);
  const image = await pinnedImage(options);
  const address = parseImageAddress(image);
  checkHttp(address);
  checkPaths(options, target, isFile(address) ? undefined : address.display);
  const name = options.name ?? defaultName(target);
  if (!NAME.test(name)) {
    throw unsupported(
      `${name}: engines take names of up to 42 lower-case letters, digits and dashes: give one with --name`,
    );
  }
  const commit = await commitOf({ ...options, image });
  const program = await prepareProgram(options);
  const request = {
    ...toRequest({ ...options, commit }),
    // One that leads to the port of `/healthz` is none of the program's.
    ports: guestPortsOf(
      mappings.filter(({ guestPort }) => guestPort !== options.healthPort),
      engine,
    ),
    ...(options.healthPort !== undefined && { health: { address: ANY_ADDRESS, port: options.healthPort } }),
    ...(!isFile(address) && { source: address.display }),
  };
  const disk = encodeProgramDisk({ request, program });
  const kernel = await getKernel(options, note);
  const busybox = await getBusybox(note);
  const [initramfs, root] = [
    await getStandaloneInitramfs(kernel, busybox),
    await getStandaloneRootDisk(note),
  ];
  const accelerator = options.accel ?? (await chooseAccelerator(kernel, busybox, note));
  if (options.accel === undefined && accelerator === "tcg") {
    note(
      "KVM does not work on this host: the machine is described with an emulated processor; --accel kvm for other hosts",
    );
  }
  const temporary = await temporaryFolder(target, isThere);
  unfinished.add(temporary);
  try {
    signal?.throwIfAborted();
    const shared = options.parts === undefined ? join(temporary, PARTS_FOLDER) : resolve(options.parts);
    const prefix = options.parts === undefined ? PARTS_FOLDER : shared;
    const part = async (file: string, base: string, ending?: string) =>
      join(prefix, await copyPart(file, shared, base, ending));
    const machine: ExportedMachine = {
      name,
      folder: options.at ?? target,
      parts: {
        kernel: await part(kernel.image, "vmlinuz"),
        initramfs: await part(initramfs, "initramfs", ".cpio"),
        root: await part(root, "root", ".erofs"),
      },
      image: isFile(address) ? IMAGE_FILE : address,
      commit,
      program: options.program,
      args: options.args,
      memory,
      accelerator,
      ports: mappings,
      healthPort: options.healthPort,
      machineType: options.machineType ?? "q35",
      registry: options.registry,
    };
    await writeFile(join(temporary, PROGRAM_FILE), disk);
    if (isFile(address)) await copyWhole(address.path, join(temporary, IMAGE_FILE));
    signal?.throwIfAborted();
    const description = await describe(engine, machine, temporary, busybox);
    for (const { name, text } of description.files) await writeFile(join(temporary, name), text);
    await writeFile(join(temporary, "README.md"), readme(engine, machine, description));
    if (engine === "kubevirt") await removeParts(temporary);
    await setModes(temporary);
    signal?.throwIfAborted();
    if (isThere) await moveInto(temporary, target);
    else await rename(temporary, target);
  } catch (error) {
    throw explain(error, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
    unfinished.delete(temporary);
  }
}

/** Engines run as other users, whatever the mask of this one is. */
async function setModes(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const isOpen = entry.isDirectory() || entry.name === RUN_FILE;
    await chmod(join(entry.parentPath, entry.name), isOpen ? 0o755 : 0o644);
  }
}

/** Moves what is in a folder into an empty one, which keeps its owner and its permissions. All of it or nothing. */
async function moveInto(folder: string, target: string): Promise<void> {
  const moved: string[] = [];
  try {
    for (const name of await readdir(folder)) {
      await rename(join(folder, name), join(target, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) await rm(join(target, name), { recursive: true, force: true });
    throw error;
  }
}

async function describe(
  engine: Engine,
  machine: ExportedMachine,
  folder: string,
  busybox: string,
): Promise<Description> {
  switch (engine) {
    case "script":
      return describeScript(machine);
    case "systemd":
      return describeSystemd(machine);
    case "libvirt":
      return describeLibvirt(machine);
    case "nomad":
      return describeNomad(machine);
    case "kubevirt":
      return describeKubevirt(machine, await writeMachineImage(machine, folder, machine.registry!));
    case "compose":
      return describeCompose(machine, await writeQemuImage(folder, busybox));
  }
}

/** The container image has all of them. */
async function removeParts(folder: string): Promise<void> {
  for (const name of [PARTS_FOLDER, IMAGE_FILE, PROGRAM_FILE]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** The address of an image in a registry with the digest that its tag means now; any other as it is. */
async function pinnedImage(options: ExportOptions): Promise<string> {
  const address = parseImageAddress(options.image);
  if (address.kind !== "oci" || isDigest(address.reference)) return options.image;
  const { openOciSource } = await import("../../remote/oci/open.ts");
  const { cacert, plainHttp, deadline, signal } = options;
  await using source = await openOciSource(address, { cacert, plainHttp, deadline, signal });
  return pinnedAddress(address, source.digest);
}

/** The commit of the image, which the machine then insists on. @throws {InvalidImageError} it is not that of `commit`. */
async function commitOf(options: ExportOptions): Promise<string> {
  const address = parseImageAddress(options.image);
  if (address.kind === "rbd") {
    if (options.commit !== undefined) return options.commit;
    throw unsupported(`${address.display}: only QEMU reads this: name the commit with --commit ID`);
  }
  const header = isFile(address) ? readImageHeader(address.path) : await remoteHeader(options);
  checkPinnedCommit(header, options.commit);
  return header.commit;
}

async function remoteHeader(options: ExportOptions): Promise<ImageHeader> {
  const disk = await openServedDisk(options.image, options);
  try {
    return disk.header;
  } finally {
    await disk[Symbol.asyncDispose]();
  }
}

/** A signature in the address would be in the export. @throws {SourceError} */
function checkHttp(address: ReturnType<typeof parseImageAddress>): void {
  if (address.kind !== "http" || address.url.search + address.url.hash === "") return;
  throw new SourceError(
    "SOURCE_UNSUPPORTED",
    `${address.display}: what follows ? or # may be a secret, which everybody who has the export would read`,
  );
}

/** @throws {DocteurError} `EXPORT_UNSUPPORTED`: no description can have these. */
function checkPaths({ at, parts }: ExportOptions, target: string, address: string | undefined): void {
  for (const text of [target, at, parts, address]) {
    if (text === undefined || isPrintable(text)) continue;
    throw unsupported(`${printable(text)}: descriptions of engines take no control characters in paths`);
  }
  if (parts !== undefined && `${resolve(parts)}/`.startsWith(`${target}/`)) {
    throw unsupported(
      `${printable(parts)}: lies in the folder of the export; without --parts, they are there anyway`,
    );
  }
}

function hostPort(text: string): HostPort {
  const { address, guestPort } = parsePortMapping(text);
  if (address.kind === "tcp" && !address.host.includes(":") && address.port !== 0)
    return { address, guestPort };
  throw new DocteurError(
    "PUBLISH_FAILED",
    `${text}: engines publish ports at IPv4 addresses only: -p [ADDRESS:]PORT:GUESTPORT, with a PORT of its own`,
  );
}

/** Where the program listens; what leads to it is known only where the host's ports do. */
function guestPortsOf(mappings: readonly HostPort[], engine: Engine): Port[] {
  return mappings.map(({ address, guestPort }) => ({
    address: ANY_ADDRESS,
    port: guestPort,
    ...(engine !== "kubevirt" && { published: printAddress(address) }),
  }));
}

function defaultName(folder: string): string {
  return basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 42);
}

/** @returns whether there is an empty folder. @throws {DocteurError} `FOLDER_NOT_EMPTY`. */
async function requireEmpty(folder: string): Promise<boolean> {
  try {
    if ((await readdir(folder)).length === 0) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
  }
  throw notEmpty(folder);
}

function notEmpty(folder: string): DocteurError {
  const what = "is not an empty folder: choose another, or remove it first";
  return new DocteurError("FOLDER_NOT_EMPTY", `${folder}: ${what}`);
}

/** A folder beside the target, so that it can be renamed to that; or in it, if it is there. */
async function temporaryFolder(target: string, isThere: boolean): Promise<string> {
  try {
    await mkdir(dirname(target), { recursive: true });
    return await mkdtemp(isThere ? join(target, ".tmp-") : `${target}.tmp-`);
  } catch (error) {
    throw explain(error, target);
  }
}

function explain(error: unknown, folder: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof DocteurError || typeof code !== "string") return error;
  if (code === "ENOTEMPTY" || code === "EEXIST") return notEmpty(folder);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new DocteurError("DISK_FULL", `no space left for the export: ${folder}`, { cause: error });
  }
  return new DocteurError("FOLDER_UNWRITABLE", `the export ${folder} cannot be written: ${code}`, {
    cause: error,
  });
}

function unsupported(message: string): DocteurError {
  return new DocteurError("EXPORT_UNSUPPORTED", message);
}
