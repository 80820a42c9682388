import { DocteurError } from "../../reader/errors.ts";
import { SourceError } from "../../reader/source-error.ts";
import { exportDisk, rbdDisk } from "../image/qemu-disk.ts";
import type { Disk } from "../qemu/disk.ts";
import type { ExportedMachine } from "./machine.ts";

/** A file by its path from the working directory of QEMU. */
export function relativeDisk(path: string): Disk {
  return {
    name: path,
    blockdev: { driver: "raw", file: { driver: "file", filename: path, "read-only": true } },
    unreadable: (reason) => new DocteurError("IMAGE_UNREADABLE", `${path}: ${reason}`),
  };
}

/**
 * The image of an exported machine as a disk that QEMU reads itself.
 * @throws {SourceError} `SOURCE_UNSUPPORTED`, `BAD_ADDRESS`.
 */
export function imageDisk({ image }: ExportedMachine): Disk {
  if (typeof image === "string") return relativeDisk(image);
  switch (image.kind) {
    case "nbd":
      return exportDisk(image);
    case "rbd":
      return rbdDisk(image);
    case "http":
      return {
        ...relativeDisk(image.display),
        blockdev: {
          driver: "raw",
          file: {
            driver: image.url.protocol.replace(":", ""),
            url: image.url.href,
            "read-only": true,
            readahead: 262144,
          },
        },
      };
    case "oci":
      throw notReadable(image.display, "QEMU");
  }
}

/** The error for an image that an engine cannot read where it lies. */
export function notReadable(display: string, engine: string): SourceError {
  return new SourceError(
    "SOURCE_UNSUPPORTED",
    `${display}: ${engine} cannot read this itself: docteur pull '${display}' disk.img, and export that`,
  );
}
