import type { ImageHeader } from "../../reader/image/header.ts";
import { isFile, parseImageAddress } from "../../remote/address.ts";
import type { RemoteOptions } from "../../remote/open.ts";
import type { Disk } from "../qemu/disk.ts";
import { checkImage } from "./file-disk.ts";
import type { ServedDisk } from "./served-disk.ts";

/** Bytes that Linux reads of a disk whose first ones are wanted: its read-ahead (read_ahead_kb), in one request. */
const KERNEL_READ_AHEAD = 128 * 1024;

/** How an image is reached that lies elsewhere. */
export type ImageOptions = Pick<
  RemoteOptions,
  "headerFrom" | "cacert" | "plainHttp" | "deadline" | "cacheSize"
>;

/** With what opening needs besides. */
type OpenOptions = ImageOptions & Pick<RemoteOptions, "signal" | "detail" | "start">;

/** A disk that is an image. What lies elsewhere is closed in the end. */
export interface ImageDisk extends Disk, Partial<AsyncDisposable> {
  /** What its first bytes say, if this process reads it. */
  readonly header?: ImageHeader;
  /** Gets a line for each read that fails, if the process that reads goes on. */
  onFault?: ((line: string) => void) | undefined;
}

/**
 * Opens an image as a disk of a machine, and checks as much of it as can be without QEMU: the header, of an
 * image that this process reads; the export, of an NBD server.
 *
 * @param image a file, a block device, or an address.
 * @throws {SourceError} @throws {DocteurError} those of `checkImage`; the signal's reason.
 */
export async function openDisk(image: string, options: OpenOptions): Promise<ImageDisk> {
  const address = parseImageAddress(image);
  if (isFile(address)) return checkImage(address.path);
  if (address.kind === "nbd") return (await import("./qemu-disk.ts")).nbdDisk(address, options.signal);
  if (address.kind === "rbd") return (await import("./qemu-disk.ts")).rbdDisk(address);
  return openServedDisk(image, { ...options, start: KERNEL_READ_AHEAD });
}

/**
 * Opens an image that lies elsewhere, and that this process reads itself.
 * @throws {SourceError} @throws {DocteurError} `INVALID_IMAGE`; the signal's reason.
 */
export async function openServedDisk(image: string, options: OpenOptions): Promise<ServedDisk> {
  const { headerFrom, cacert, plainHttp, deadline, cacheSize, start, signal, detail } = options;
  const { ServedDisk } = await import("./served-disk.ts");
  const remote = { headerFrom, cacert, plainHttp, deadline, cacheSize, start, signal, detail };
  return ServedDisk.open(parseImageAddress(image), remote);
}

/** Whether an image is a file or a block device, rather than one that lies elsewhere. @throws {SourceError} */
export function isImageFile(image: string): boolean {
  return isFile(parseImageAddress(image));
}
