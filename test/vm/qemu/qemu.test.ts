import { execFileSync } from "node:child_process";
import test from "ava";
import fc from "fast-check";
import { parseLdd } from "../../../vm/artifacts/root-disk.ts";
import { fileDisk } from "../../../vm/image/file-disk.ts";
import { hostTscKiloHertz, type Machine, qemuArguments } from "../../../vm/qemu/qemu.ts";
import { shellQuote } from "../../../vm/qemu/shell-quote.ts";
import { Tail } from "../../../vm/qemu/tail.ts";

const machine: Machine = {
  kernel: "/k/vmlinuz",
  initramfs: "/k/initramfs",
  disks: [fileDisk("/c/root.erofs"), fileDisk("/a, b:c=d/image.img"), fileDisk("/dev/sda", true)],
  accelerator: "tcg",
  memory: 512,
  devices: ["-serial", "stdio"],
};

function valuesOf(args: readonly string[], option: string): string[] {
  return args.filter((_, index) => args[index - 1] === option);
}

test("disks of any path are attached in order, read-only and raw", (t) => {
  const args = qemuArguments(machine);
  const disks = valuesOf(args, "-blockdev").map((json) => JSON.parse(json));
  t.deepEqual(disks[1], {
    "node-name": "disk1",
    driver: "raw",
    "read-only": true,
    file: { driver: "file", filename: "/a, b:c=d/image.img", "read-only": true },
  });
  t.is(disks[2].file.driver, "host_device");
  t.deepEqual(
    valuesOf(args, "-device"),
    [0, 1, 2].map((index) => `virtio-blk-device,drive=disk${index}`),
  );
});

test("a machine has its own devices and no others", (t) => {
  const args = qemuArguments(machine);
  for (const flag of ["-nodefaults", "-no-user-config", "-no-reboot"]) t.true(args.includes(flag), flag);
  t.deepEqual(valuesOf(args, "-monitor"), ["none"]);
  t.deepEqual(valuesOf(args, "-display"), ["none"]);
  t.deepEqual(valuesOf(args, "-netdev"), []);
  t.regex(valuesOf(args, "-sandbox")[0]!, /^on,/);
  t.deepEqual(valuesOf(args, "-serial"), ["stdio"]);
});

test("the processor goes with the accelerator", (t) => {
  t.deepEqual(valuesOf(qemuArguments(machine), "-cpu"), ["max"]);
  t.deepEqual(
    valuesOf(qemuArguments(machine), "-accel"),
    ["tcg,tb-size=256"],
    "what is translated is bounded",
  );
  const kvm = qemuArguments({ ...machine, accelerator: "kvm" });
  t.deepEqual(valuesOf(kvm, "-cpu"), ["host"]);
  t.deepEqual(valuesOf(kvm, "-accel"), ["kvm"]);
  t.notRegex(valuesOf(kvm, "-append")[0]!, /tsc_early_khz/);
  t.regex(valuesOf(qemuArguments({ ...machine, kernelArguments: ["a=b"] }), "-append")[0]!, / a=b$/);
});

test("the frequency of the time stamp counter is computed from bogomips", (t) => {
  t.is(hostTscKiloHertz("processor\t: 0\ncpu MHz\t\t: 800.000\nbogomips\t: 5199.99\nflags: x\n"), 2599995);
  t.is(hostTscKiloHertz("processor\t: 0\n"), undefined);
  t.is(hostTscKiloHertz("bogomips\t: 0.00\n"), undefined);
});

test("a shell reads back every word that is quoted", (t) => {
  const word = fc.string({ unit: "grapheme", minLength: 0 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), (words) => {
      const line = `printf '%s\\0' ${words.map(shellQuote).join(" ")}`;
      t.is(execFileSync("sh", ["-c", line], { encoding: "utf8" }), words.map((each) => `${each}\0`).join(""));
    }),
    { numRuns: 50 },
  );
  t.is(shellQuote("it's"), `'it'\\''s'`);
});

test("parseLdd returns the libraries with a path", (t) => {
  const listing = `\tlinux-vdso.so.1 (0x00007fc97c809000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007fc97c708000)
\tlibgone.so => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007fc97c80b000)
`;
  t.deepEqual(parseLdd(listing), ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"]);
});

test("a tail keeps the last lines of a console", (t) => {
  const tail = new Tail(32);
  for (let line = 0; line < 100; line++) tail.push(Buffer.from(`line ${line}\r\n`));
  tail.push(Buffer.from("\x1b[1mlast\x1b[0m\r\n\r\n"));
  t.deepEqual(tail.lines(2), ["line 99", "last"]);
});
