import { networkArguments, USER_NETWORK_ADDRESS } from "../../qemu/network.ts";
import { NO_PCI } from "../../qemu/qemu.ts";
import { shellQuote } from "../../qemu/shell-quote.ts";
import { notReadable } from "../disks.ts";
import {
  type Description,
  type ExportedMachine,
  exportedKernelArguments,
  PROGRAM_FILE,
  pathOnHost,
} from "../machine.ts";

/** A domain of libvirt (libvirt, "Domain XML format"). */
export function describeLibvirt(machine: ExportedMachine): Description {
  const { name, folder, parts, memory, accelerator, machineType, ports } = machine;
  const isMicro = machineType === "microvm";
  const at = (file: string) => pathOnHost(machine, file);
  const kernelArguments = [
    ...(isMicro ? [NO_PCI] : []),
    ...exportedKernelArguments(ports.length > 0 ? USER_NETWORK_ADDRESS : undefined),
  ];
  const bus = isMicro ? [element("address", { type: "virtio-mmio" })] : [];
  const disk = (source: string, target: string, type: "file" | "network" = "file") =>
    element("disk", { type, device: "disk" }, [
      element("driver", { name: "qemu", type: "raw" }),
      source,
      element("target", { dev: target, bus: "virtio" }),
      element("readonly"),
      ...bus,
    ]);
  const file = (path: string) => element("source", { file: at(path) });
  const [imageType, imageSource] = image(machine, file);
  const text = element(
    "domain",
    { type: accelerator === "kvm" ? "kvm" : "qemu", "xmlns:qemu": QEMU_NAMESPACE },
    [
      element("name", {}, [name]),
      element("memory", { unit: "MiB" }, [String(memory)]),
      element("vcpu", {}, ["1"]),
      element("os", {}, [
        element("type", { arch: "x86_64", machine: machineType }, ["hvm"]),
        element("kernel", {}, [at(parts.kernel)]),
        element("initrd", {}, [at(parts.initramfs)]),
        element("cmdline", {}, [kernelArguments.join(" ")]),
      ]),
      element("features", {}, [element("acpi")]),
      element("cpu", { mode: accelerator === "kvm" ? "host-passthrough" : "maximum" }),
      element("clock", { offset: "utc" }),
      ...["on_poweroff", "on_reboot", "on_crash"].map((event) => element(event, {}, ["destroy"])),
      element("devices", {}, [
        disk(file(parts.root), "vda"),
        disk(imageSource, "vdb", imageType),
        disk(file(PROGRAM_FILE), "vdc"),
        element("controller", { type: "usb", model: "none" }),
        element("serial", { type: "pty" }, [
          element("log", { file: at(`${name}.log`), append: "off" }),
          element("target", { port: "0" }),
        ]),
        element("rng", { model: "virtio" }, [
          element("backend", { model: "random" }, ["/dev/urandom"]),
          ...bus,
        ]),
        element("panic", { model: "isa" }),
        element("memballoon", { model: "none" }),
      ]),
      ...qemuCommandLine([
        ...(isMicro && accelerator === "tcg" ? COUNTED_CLOCK : []),
        ...(ports.length > 0 ? userNetwork(machine) : []),
      ]),
    ],
  );
  const uri = "--connect qemu:///session";
  return {
    files: [{ name: `${name}.xml`, text: `${text}\n` }],
    commands: [
      `virsh ${uri} define ${shellQuote(`${folder}/${name}.xml`)}`,
      `virsh ${uri} start ${name}`,
      `virsh ${uri} console ${name}         shows its output; ${folder}/${name}.log keeps it`,
      `virsh ${uri} shutdown ${name}        ends it`,
      `virsh ${uri} domstate --reason ${name}    crashed: its program failed`,
    ],
  };
}

const QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0";

/**
 * The time stamp counter counts instructions, which QEMU paces by the host's clock (QEMU, docs/devel/tcg-icount.rst). By
 * default it is the host's, and a microvm's kernel has one try of 50 ms to measure it against an emulated timer. On a busy
 * host that fails, and the kernel hangs: with no counter it has no clock at all on this machine type. A measured
 * frequency on the kernel's command line would be that of one host.
 */
const COUNTED_CLOCK: readonly string[] = ["-icount", "shift=auto"];

/**
 * QEMU's own network, in which the machine is alone: libvirt 9 has port forwarding only with passt, which not every host
 * has.
 */
function userNetwork({ machineType, ports }: ExportedMachine): string[] {
  return networkArguments(
    ports,
    machineType === "microvm" ? "virtio-net-device" : "virtio-net-pci,addr=0x10",
  );
}

/** What libvirt has no element of its own for. */
function qemuCommandLine(values: readonly string[]): string[] {
  if (values.length === 0) return [];
  return [
    element(
      "qemu:commandline",
      {},
      values.map((value) => element("qemu:arg", { value })),
    ),
  ];
}

function image(machine: ExportedMachine, file: (path: string) => string): ["file" | "network", string] {
  const { image: where } = machine;
  if (typeof where === "string") return ["file", file(where)];
  switch (where.kind) {
    case "http": {
      const { protocol, hostname, port, pathname } = where.url;
      const scheme = protocol.replace(":", "");
      const host = element("host", { name: hostname, port: port || (scheme === "https" ? "443" : "80") });
      return ["network", element("source", { protocol: scheme, name: pathname.replace(/^\//, "") }, [host])];
    }
    case "nbd": {
      const { server, exportName } = where;
      const host =
        "path" in server
          ? element("host", { transport: "unix", socket: server.path })
          : element("host", { name: server.host, port: String(server.port) });
      return ["network", element("source", { protocol: "nbd", name: exportName }, [host])];
    }
    case "rbd": {
      const { specification } = where;
      if (specification.includes(":"))
        throw notReadable(where.display, "libvirt, of a user or a file of settings,");
      const [name, snapshot] = specification.split("@") as [string, string | undefined];
      const inside = snapshot === undefined ? [] : [element("snapshot", { name: snapshot })];
      return ["network", element("source", { protocol: "rbd", name }, inside)];
    }
    case "oci":
      throw notReadable(where.display, "libvirt");
  }
}

/** @param inside elements, each on lines of its own, or one text. */
function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  inside: readonly string[] = [],
): string {
  const open = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escaped(value)}"`)].join(
    " ",
  );
  if (inside.length === 0) return `<${open}/>`;
  if (!inside[0]!.startsWith("<")) return `<${open}>${escaped(inside.join(""))}</${name}>`;
  const lines = inside.flatMap((each) => each.split("\n")).map((line) => `  ${line}`);
  return [`<${open}>`, ...lines, `</${name}>`].join("\n");
}

function escaped(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
