import { PROGRAM_ARGUMENT } from "../../guest/protocol/ports.ts";
import type { ImageAddress } from "../../remote/address.ts";
import type { Accelerator } from "../accelerator.ts";
import type { PortMapping } from "../front/address.ts";
import { KERNEL_ARGUMENTS } from "../qemu/qemu.ts";

/** Files of an export that several exports may share: their names have the digests of their contents. */
export interface Parts {
  /** Paths from the folder of the export, or absolute. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly root: string;
}

/** A machine for an engine to start. */
export interface ExportedMachine {
  /** What the engine calls it: lower-case letters, digits and dashes. */
  readonly name: string;
  /** Where the folder of the export will lie, an absolute path. */
  readonly folder: string;
  readonly parts: Parts;
  /** The image: a file of the folder, or the address where the engine reads it. */
  readonly image: string | Exclude<ImageAddress, { kind: "file" }>;
  /** Its commit, which the machine insists on. */
  readonly commit: string;
  readonly program: string;
  readonly args: readonly string[];
  /** MiB. */
  readonly memory: number;
  readonly accelerator: Accelerator;
  readonly ports: readonly HostPort[];
  /** The port of the machine that answers `/healthz`. */
  readonly healthPort: number | undefined;
  /** Of libvirt's machine. */
  readonly machineType: "q35" | "microvm";
  /** `REGISTRY/NAME[:TAG]`, for engines that pull the machine. */
  readonly registry: string | undefined;
}

/** A port of the host that leads to one of the machine. */
export interface HostPort extends PortMapping {
  readonly address: { readonly kind: "tcp"; readonly host: string; readonly port: number };
}

/** A file of an export. */
export interface ExportedFile {
  readonly name: string;
  readonly text: string;
}

/** What an engine needs beside the parts of the machine. */
export interface Description {
  readonly files: readonly ExportedFile[];
  /** Lines of the README: how the machine is started, looked at and ended. */
  readonly commands: readonly string[];
}

/** The file of the program's disk. */
export const PROGRAM_FILE = "program.img";

/** The file of the image. */
export const IMAGE_FILE = "disk.img";

/** The disk with the program; the image is `/dev/vdb`, the root disk `/dev/vda`. */
const PROGRAM_NODE = "/dev/vdc";

/** The kernel's arguments of an exported machine. @param ip the address of its network, if it has one. */
export function exportedKernelArguments(ip: string | undefined): string[] {
  return [...KERNEL_ARGUMENTS, ...ownArguments(ip)];
}

/** Those of them that not every machine has. */
export function ownArguments(ip: string | undefined): string[] {
  return [`${PROGRAM_ARGUMENT}=${PROGRAM_NODE}`, ...(ip === undefined ? [] : [ip])];
}

/** The path of a file of the export on the engine's host. */
export function pathOnHost({ folder }: ExportedMachine, file: string): string {
  return file.startsWith("/") ? file : `${folder}/${file}`;
}

/** Whether it has ports: it then runs until it is ended. */
export function isServer({ ports, healthPort }: ExportedMachine): boolean {
  return ports.length > 0 || healthPort !== undefined;
}

/** Ports of the machine, each once. */
export function guestPorts({ ports, healthPort }: ExportedMachine): number[] {
  return [
    ...new Set([
      ...ports.map(({ guestPort }) => guestPort),
      ...(healthPort === undefined ? [] : [healthPort]),
    ]),
  ];
}
