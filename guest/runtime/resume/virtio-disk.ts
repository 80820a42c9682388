import * as fs from "node:fs";
import { basename } from "node:path";

const DRIVER = "/sys/bus/virtio/drivers/virtio_blk";

/**
 * A virtio disk of this machine that its kernel can let go of, and meet again as a new one: then it learns the true size of
 * what the host has put in its place meanwhile, and knows no byte of what was there before.
 */
export class VirtioDisk {
  readonly #device: Buffer;
  readonly #bind = fs.openSync(`${DRIVER}/bind`, "w");

  /** @param node the disk's node, `/dev/vdb` say. */
  constructor(node: string) {
    this.#device = Buffer.from(basename(fs.realpathSync(`/sys/class/block/${basename(node)}/device`)));
  }

  /** Takes the kernel's driver off the disk; its node disappears. */
  detach(): void {
    fs.writeFileSync(`${DRIVER}/unbind`, this.#device);
  }

  /** Gives it back. The node is there when this returns. */
  attach(): void {
    fs.writeSync(this.#bind, this.#device, 0, this.#device.length, 0);
  }
}
