import test from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { parseImageAddress, type RbdAddress } from "../../../remote/address.ts";
import { fileDisk } from "../../../vm/image/file-disk.ts";
import { nbdDisk, rbdDisk } from "../../../vm/image/qemu-disk.ts";
import { diskArguments, NO_DISK } from "../../../vm/qemu/qemu.ts";
import { diskFault } from "../../../vm/qemu/start.ts";
import { address, MemoryImage, pattern, serve } from "../../remote/nbd/served.ts";

const rbd = (text: string) => rbdDisk(parseImageAddress(text) as RbdAddress);
const layers = (file: object) => ({ driver: "raw", file: { driver: "rbd", ...file, "read-only": true } });

test("an image of Ceph becomes the options of QEMU's driver", (t) => {
  t.deepEqual(rbd("rbd:pool/image").blockdev, layers({ pool: "pool", image: "image" }));
  t.deepEqual(
    rbd("rbd:pool/space/image@snap:id=ada:conf=/etc/a\\:b.conf").blockdev,
    layers({
      pool: "pool",
      namespace: "space",
      image: "image",
      snapshot: "snap",
      user: "ada",
      conf: "/etc/a:b.conf",
    }),
  );
  t.deepEqual(rbd("rbd:p\\/q/i\\@j\\\\").blockdev, layers({ pool: "p/q", image: "i@j\\" }));
});

test("what would show a password to others, or is unknown, is refused without showing it", (t) => {
  for (const text of [
    "rbd:pool/image:key=SECRET",
    "rbd:pool/a/b/c",
    "rbd:pool/image:id=",
    "rbd:pool/image:mon_host=x",
  ]) {
    const error = t.throws(() => rbd(text), { instanceOf: SourceError, code: "BAD_ADDRESS" });
    t.notRegex(error!.message, /SECRET/);
  }
});

test("an export of an NBD server becomes the options of QEMU's driver, if it may be an image", async (t) => {
  const found = await serve(t, new MemoryImage(pattern(5000)), { exportName: "a/b" });
  const { port } = found.server as { port: number };
  t.deepEqual((await nbdDisk(found)).blockdev, {
    driver: "raw",
    file: {
      ...{ driver: "nbd", "read-only": true, export: "a/b", "reconnect-delay": 10 },
      server: { type: "inet", host: "127.0.0.1", port: String(port) },
    },
  });
  const small = await serve(t, new MemoryImage(pattern(20)));
  await t.throwsAsync(nbdDisk(small), { code: "INVALID_IMAGE", message: /only 20 bytes/ });
  await t.throwsAsync(nbdDisk(address("nbd+unix:///?socket=/nonexistent")), { code: "SOURCE_UNREACHABLE" });
});

test("what QEMU says of a disk is reported as the disk's fault, and nothing else is", (t) => {
  const disks = [fileDisk("/root"), fileDisk("/a}: b"), NO_DISK] as const;
  const said = (line: string) => diskFault({ disks }, ["something before", line])?.message;
  const blockdev = (index: 1 | 2) => `qemu-system-x86_64: -blockdev ${diskArguments(disks[index], index)[1]}`;
  t.is(said(`${blockdev(1)}: Could not open: Denied`), "/a}: b: QEMU cannot open it: Could not open: Denied");
  t.is(
    said(`qemu-system-x86_64: -device virtio-blk-device,drive=disk0: Failed to get "consistent read" lock`),
    `/root: QEMU cannot open it: Failed to get "consistent read" lock`,
  );
  const others = [`${blockdev(2)}: no`, "qemu-system-x86_64: -kernel: no", "qemu-system-x86_64: disk1: no"];
  for (const line of others) t.is(said(line), undefined);
});
