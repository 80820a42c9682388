import * as fs from "node:fs";
import { basename } from "node:path";

const DRIVER = "/sys/bus/virtio/drivers/virtio_blk";

/**
 * A virtio disk of this machine that can be detached from its driver and attached as a new disk. The kernel
 * then reads the size of the disk that the host has replaced meanwhile, and has no page of the old one in its
 * cache.
 */
export class VirtioDisk {
  readonly #device: Buffer;
  readonly #bind = fs.openSync(`${DRIVER}/bind`, "w");

  /** @param node the disk's node, for instance `/dev/vdb`. */
  constructor(node: string) {
    this.#device = Buffer.from(basename(fs.realpathSync(`/sys/class/block/${basename(node)}/device`)));
  }

  /** Detaches the disk from its driver. Its node disappears. */
  detach(): void {
    fs.writeFileSync(`${DRIVER}/unbind`, this.#device);
  }

  /** Attaches the disk. Its node exists when this returns. */
  attach(): void {
    fs.writeSync(this.#bind, this.#device, 0, this.#device.length, 0);
  }
}
