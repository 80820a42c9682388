import test from "ava";
import { parsePortMapping } from "../../../vm/front/address.ts";
import { qemuArguments } from "../../../vm/qemu/qemu.ts";

const MACHINE = {
  kernel: "k",
  initramfs: "i",
  disks: [],
  accelerator: "tcg",
  memory: 512,
  devices: [],
} as const;

test("a machine has no network unless a user starts it by hand, and that network is restricted", (t) => {
  t.notRegex(qemuArguments(MACHINE).join(" "), /netdev|virtio-net/);
  const network = [parsePortMapping("8080:80"), parsePortMapping("0.0.0.0:81:81")];
  const args = qemuArguments({ ...MACHINE, network });
  t.is(args.filter((each) => each === "-netdev").length, 1);
  t.regex(args[args.indexOf("-netdev") + 1]!, /^user,id=network,restrict=on,ipv6=off,/);
  t.regex(args.join(" "), /,hostfwd=tcp:127\.0\.0\.1:8080-:80,hostfwd=tcp:0\.0\.0\.0:81-:81 /);
});

for (const mapping of ["[::1]:8080:80", "unix:/run/site.sock:80", "systemd:80"]) {
  test(`QEMU's own network does not publish ${mapping}`, (t) => {
    const error = t.throws(() => qemuArguments({ ...MACHINE, network: [parsePortMapping(mapping)] }));
    t.is((error as { code?: string }).code, "PUBLISH_FAILED");
  });
}
