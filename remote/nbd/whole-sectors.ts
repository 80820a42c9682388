import type { RemoteImage } from "../image.ts";

const SECTOR_SIZE = 512;

/**
 * An image as QEMU has to see it: of whole sectors, with zeroes behind its end. QEMU rounds the size of an export
 * up, and waits for the bytes of the last sector that a server of simple replies does not send.
 */
export function wholeSectors(image: Pick<RemoteImage, "size" | "read">): Pick<RemoteImage, "size" | "read"> {
  const { size } = image;
  if (size % SECTOR_SIZE === 0) return image;
  return {
    size: Math.ceil(size / SECTOR_SIZE) * SECTOR_SIZE,
    async read(offset, length, signal) {
      if (offset + length <= size) return await image.read(offset, length, signal);
      const bytes = new Uint8Array(length);
      if (offset < size) bytes.set(await image.read(offset, size - offset, signal));
      return bytes;
    },
  };
}
