import { notReadable } from "../disks.ts";
import { QEMU_MEMORY, STOP_SECONDS } from "../limits.ts";
import { type Description, type ExportedMachine, guestPorts, type HostPort, isServer } from "../machine.ts";
import type { QemuImage } from "../qemu-image.ts";
import { RUN_FILE, runScript } from "./run-script.ts";

/** Where the container has the folder of the export. */
const FOLDER = "/machine";

const ANY_ADDRESS = "0.0.0.0";

/** Processes: QEMU's threads, and those of the script. */
const PROCESSES = 64;

/**
 * A compose file (Compose Specification) for a container that has QEMU, and the folder as a read-only volume. It is JSON,
 * which is YAML, too.
 */
export function describeCompose(machine: ExportedMachine, qemu: QemuImage): Description {
  const { image: where } = machine;
  // Other drivers are modules, which the container does not have.
  if (typeof where !== "string" && where.kind !== "nbd")
    throw notReadable(where.display, "QEMU in the container");
  const { name, memory, accelerator, ports, healthPort } = machine;
  // Within the container QEMU listens at the machine's own ports.
  const inside: HostPort[] = guestPorts(machine).map((guestPort) => ({
    guestPort,
    address: { kind: "tcp", host: ANY_ADDRESS, port: guestPort },
  }));
  const image = `localhost/docteur-qemu:${qemu.digest.slice("sha256:".length, "sha256:".length + 12)}`;
  const service = {
    image,
    pull_policy: "never",
    command: [...qemu.shell, `${FOLDER}/${RUN_FILE}`],
    volumes: [{ type: "bind", source: ".", target: FOLDER, read_only: true }],
    read_only: true,
    tmpfs: ["/tmp:mode=1777"],
    // Root, without any privilege, owns /dev/kvm.
    user: accelerator === "kvm" ? "0:0" : "65534:65534",
    cap_drop: ["ALL"],
    // A user cannot listen below 1024 otherwise.
    sysctls: ["net.ipv4.ip_unprivileged_port_start=0"],
    security_opt: ["no-new-privileges:true"],
    mem_limit: `${memory + QEMU_MEMORY}m`,
    cpus: 1,
    pids_limit: PROCESSES,
    stop_grace_period: `${STOP_SECONDS}s`,
    restart: isServer(machine) ? "on-failure" : "no",
    ...(accelerator === "kvm" && { devices: ["/dev/kvm:/dev/kvm"] }),
    ...(ports.length > 0 && {
      ports: ports.map(({ address, guestPort }) => ({
        target: guestPort,
        published: String(address.port),
        host_ip: address.host,
        protocol: "tcp",
      })),
    }),
    ...(healthPort !== undefined && {
      healthcheck: {
        test: ["CMD-SHELL", `wget -q -O /dev/null http://127.0.0.1:${healthPort}/healthz`],
        interval: "10s",
        timeout: "5s",
        retries: 3,
        start_period: "60s",
      },
    }),
  };
  return {
    files: [
      { name: RUN_FILE, text: runScript(machine, inside) },
      { name: "compose.yaml", text: `${JSON.stringify({ services: { [name]: service } }, undefined, 2)}\n` },
    ],
    commands: [
      `skopeo copy oci:${qemu.folder}:${qemu.tag} docker-daemon:${image}     or containers-storage:${image}`,
      "docker compose up -d        or podman-compose",
      `docker compose logs ${name}     shows its output`,
      "docker compose down",
    ],
  };
}
