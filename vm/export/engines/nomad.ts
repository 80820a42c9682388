import { networkArguments, USER_NETWORK_ADDRESS } from "../../qemu/network.ts";
import { imageDisk } from "../disks.ts";
import { STOP_SECONDS } from "../limits.ts";
import {
  type Description,
  type ExportedMachine,
  exportedKernelArguments,
  isServer,
  PROGRAM_FILE,
  pathOnHost,
} from "../machine.ts";

const NANOSECONDS = 1_000_000_000;

/** MHz. */
const CPU = 500;

/**
 * A job for Nomad's driver qemu, 1.11.2 or later (Nomad, "QEMU driver"), as its API takes it. The driver itself adds
 * QEMU's first disk, the console on standard output, and a monitor for the power button.
 */
export function describeNomad(machine: ExportedMachine): Description {
  const { name, folder, parts, memory, accelerator, ports, healthPort } = machine;
  const at = (file: string) => pathOnHost(machine, file);
  const ip = ports.length > 0 ? USER_NETWORK_ADDRESS : undefined;
  const args = [
    ...["-kernel", at(parts.kernel), "-initrd", at(parts.initramfs)],
    ...["-append", exportedKernelArguments(ip).join(" ")],
    ...["-set", "drive.image0.readonly=on", "-set", "drive.image0.format=raw"],
    ...drive(typeof machine.image === "string" ? at(machine.image) : undefined, machine),
    ...["-drive", `file=${comma(at(PROGRAM_FILE))},if=virtio,format=raw,readonly=on`],
    ...[
      "-cpu",
      accelerator === "kvm" ? "host" : "max",
      "-smp",
      "1",
      "-no-reboot",
      "-nodefaults",
      "-serial",
      "stdio",
    ],
    ...["-device", "virtio-rng-pci", "-device", "pvpanic", "-action", "panic=exit-failure"],
    ...(ports.length === 0 ? [] : networkArguments(ports, "virtio-net-pci")),
  ];
  const task = {
    Name: name,
    Driver: "qemu",
    Config: {
      image_path: at(parts.root),
      drive_interface: "virtio",
      emulator: "x86_64",
      machine_type: "pc",
      accelerator,
      graceful_shutdown: true,
      args,
    },
    Resources: { CPU, MemoryMB: memory },
    KillTimeout: STOP_SECONDS * NANOSECONDS,
  };
  const job = {
    ID: name,
    Name: name,
    Type: isServer(machine) ? "service" : "batch",
    TaskGroups: [
      {
        Name: name,
        Count: 1,
        Networks: [
          {
            Mode: "host",
            ReservedPorts: ports.map(({ address, guestPort }) => ({
              Label: `port${guestPort}`,
              Value: address.port,
            })),
          },
        ],
        RestartPolicy: {
          Attempts: isServer(machine) ? 3 : 0,
          Interval: 300 * NANOSECONDS,
          Delay: 5 * NANOSECONDS,
          Mode: isServer(machine) ? "delay" : "fail",
        },
        // A job that has failed is not run once more elsewhere.
        ...(!isServer(machine) && { ReschedulePolicy: { Attempts: 0, Unlimited: false } }),
        Services: ports.map(({ guestPort }) => ({
          Name: guestPort === healthPort ? `${name}-health` : name,
          PortLabel: `port${guestPort}`,
          Provider: "nomad",
          ...(guestPort === healthPort && {
            Checks: [
              {
                Name: "healthz",
                Type: "http",
                Path: "/healthz",
                Interval: 10 * NANOSECONDS,
                Timeout: 3 * NANOSECONDS,
              },
            ],
          }),
        })),
        Tasks: [task],
      },
    ],
  };
  return {
    files: [{ name: `${name}.nomad.json`, text: `${JSON.stringify({ Job: job }, undefined, 2)}\n` }],
    commands: [
      `The folder ${folder} is to be on the client, and in image_paths of its plugin qemu.`,
      `nomad job run -json ${name}.nomad.json`,
      `nomad alloc logs -job ${name}       shows its console, with its output`,
      `nomad job stop ${name}`,
    ],
  };
}

/** The image's drive. */
function drive(file: string | undefined, machine: ExportedMachine): string[] {
  if (file !== undefined) return ["-drive", `file=${comma(file)},if=virtio,format=raw,readonly=on`];
  const { blockdev } = imageDisk(machine);
  return ["-drive", `file=${comma(`json:${JSON.stringify(blockdev)}`)},if=virtio,readonly=on`];
}

/** A comma in a value of QEMU's options is written twice. */
function comma(value: string): string {
  return value.replaceAll(",", ",,");
}
