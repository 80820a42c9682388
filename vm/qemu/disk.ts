import type { Duplex } from "node:stream";
import type { DocteurError } from "../../reader/errors.ts";
import { DISK_FD } from "./guarded-process.ts";

/** A read-only disk of the machine. */
export interface Disk {
  /** What messages call it. */
  readonly name: string;
  /** Whether it lies elsewhere: what cannot be read of it says nothing of what is in it. */
  readonly isElsewhere?: boolean;
  /** What is in it, without the name of its node: `BlockdevOptions` of QEMU's qapi/block-core.json. */
  readonly blockdev: object;
  /** Serves the other end of `DISK_FD`, if that is where the disk is read. */
  serve?(socket: Duplex): DiskReads;
  /** The error for a disk that QEMU cannot open. @param reason what QEMU says. */
  unreadable(reason: string): DocteurError;
}

/** What one process reads from a disk that this process serves. */
export interface DiskReads {
  /** The commit of the image on the disk. */
  readonly commit: string;
  /** Reads that wait for the source of the disk. */
  readonly waiting: number;
  /** The error of the first read that has failed for good. */
  readonly fault: DocteurError | undefined;
  /** Resolves to that error. */
  readonly failed: Promise<DocteurError>;
  /** Whether the process gets an answer to a read that has failed. It gets none by default: it is to end. */
  answersFaults: boolean;
  /** Drops the blocks that are kept of the disk: the process has found it damaged. @returns a line for people. */
  dropBlocks(): Promise<string>;
}

/** The `-blockdev` of a disk that this process serves by NBD. */
export const SERVED_BLOCKDEV: object = {
  driver: "raw",
  // Without a monitor, the name of a descriptor is its number (QEMU, util/qemu-sockets.c, `socket_get_fd`).
  file: { driver: "nbd", server: { type: "fd", str: String(DISK_FD) }, export: "" },
};
