import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getBusybox } from "../../vm/artifacts/busybox.ts";
import { encodeCpio } from "../../vm/artifacts/cpio.ts";
import { getKernel } from "../../vm/artifacts/kernel.ts";
import { readModules } from "../../vm/artifacts/modules.ts";
import { temporary } from "./site.ts";

const INIT = `#!/bin/busybox sh
busybox=/bin/busybox
for module in /modules/*; do $busybox insmod $module; done
$busybox mount -t devtmpfs dev /dev
$busybox mount -t squashfs -o ro /dev/vda /root
$busybox ip link set lo up
$busybox ip address add 10.0.2.15/24 dev eth0
$busybox ip link set eth0 up
$busybox httpd -f -p 80 -h /root
`;

/** What boots a machine in which busybox httpd serves the squashfs of its first disk. */
export async function busyboxHttpd(): Promise<{ kernel: string; initramfs: string }> {
  const busybox = await getBusybox(() => {});
  const kernel = await getKernel({}, () => {});
  const names = ["virtio_mmio", "virtio_blk", "squashfs", "virtio_net"];
  const modules = await readModules(kernel.modules, names, busybox);
  const initramfs = join(temporary, "busybox.cpio");
  const entries = [
    ...["bin", "dev", "root", "modules"].map((path) => ({ path })),
    { path: "bin/busybox", data: readFileSync(busybox) },
    { path: "init", data: Buffer.from(INIT) },
    ...modules.map(({ name, data }, index) => ({
      path: `modules/${String(index).padStart(2, "0")}-${name}.ko`,
      data,
    })),
  ];
  writeFileSync(initramfs, encodeCpio(entries));
  return { kernel: kernel.image, initramfs };
}
