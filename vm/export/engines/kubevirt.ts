import { notReadable } from "../disks.ts";
import { STOP_SECONDS } from "../limits.ts";
import {
  type Description,
  type ExportedMachine,
  exportedKernelArguments,
  guestPorts,
  isServer,
} from "../machine.ts";
import { BOOT_FOLDER, DISK_FOLDER, type MachineImage } from "../machine-image.ts";

const NETWORK = "default";

/** Asks its server for an address: KubeVirt's own network has one. */
const ADDRESS = "ip=dhcp";

/**
 * A virtual machine of KubeVirt 1.1 or later (its API, `kubevirt.io/v1`): the disks are containerDisks and the kernel a
 * kernelBoot of one container image, which has all parts as its layers.
 *
 * @param image where the container image will be.
 */
export function describeKubevirt(machine: ExportedMachine, image: MachineImage): Description {
  const { name, memory, healthPort } = machine;
  const isService = isServer(machine);
  const reference = `${image.repository}@${image.digest}`;
  const disks = [
    { name: "root", image: reference, path: `${DISK_FOLDER}/${image.names.root}` },
    imageDisk(machine, image, reference),
    { name: "program", image: reference, path: `${DISK_FOLDER}/${image.names.program}` },
  ];
  const probe = healthPort === undefined ? undefined : { httpGet: { path: "/healthz", port: healthPort } };
  const ports = guestPorts(machine).map((port) => ({ name: `port${port}`, protocol: "TCP", port }));
  const labels = { "app.kubernetes.io/name": name };
  const spec = {
    terminationGracePeriodSeconds: STOP_SECONDS,
    domain: {
      cpu: { cores: 1 },
      memory: { guest: `${memory}Mi` },
      resources: { requests: { cpu: "100m" }, limits: { cpu: "1" } },
      firmware: {
        kernelBoot: {
          kernelArgs: exportedKernelArguments(isService ? ADDRESS : undefined).join(" "),
          container: {
            image: reference,
            kernelPath: `${BOOT_FOLDER}/${image.names.kernel}`,
            initrdPath: `${BOOT_FOLDER}/${image.names.initramfs}`,
          },
        },
      },
      devices: {
        autoattachGraphicsDevice: false,
        autoattachMemBalloon: false,
        autoattachPodInterface: isService,
        logSerialConsole: true,
        rng: {},
        disks: disks.map(({ name }) => ({ name, disk: { bus: "virtio", readonly: true } })),
        ...(isService && { interfaces: [{ name: NETWORK, masquerade: {}, ports }] }),
      },
    },
    ...(isService && { networks: [{ name: NETWORK, pod: {} }] }),
    volumes: disks.map(({ name, image, path }) => ({
      name,
      containerDisk: { image, ...(path !== undefined && { path }) },
    })),
    ...(probe && {
      readinessProbe: { ...probe, periodSeconds: 5, timeoutSeconds: 3 },
      livenessProbe: {
        ...probe,
        initialDelaySeconds: 60,
        periodSeconds: 10,
        timeoutSeconds: 5,
        failureThreshold: 3,
      },
    }),
  };
  const metadata = { name, labels };
  const items = isService
    ? [
        {
          apiVersion: "kubevirt.io/v1",
          kind: "VirtualMachine",
          metadata,
          spec: { runStrategy: "Always", template: { metadata: { labels }, spec } },
        },
        {
          apiVersion: "v1",
          kind: "Service",
          metadata,
          spec: {
            selector: labels,
            ports: ports.map(({ name, port }) => ({ name, protocol: "TCP", port, targetPort: port })),
          },
        },
      ]
    : [{ apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", metadata, spec }];
  const list = { apiVersion: "v1", kind: "List", items };
  return {
    files: [{ name: `${name}.json`, text: `${JSON.stringify(list, undefined, 2)}\n` }],
    commands: [
      `docteur push ${image.folder} oci://${image.repository}:${image.tag}`,
      `kubectl apply -f ${name}.json`,
      `kubectl logs -l kubevirt.io=virt-launcher,app.kubernetes.io/name=${name} -c guest-console-log   shows its output`,
      `kubectl delete -f ${name}.json`,
    ],
  };
}

/** An image in a registry is a containerDisk itself. */
function imageDisk({ image: where }: ExportedMachine, image: MachineImage, reference: string) {
  if (typeof where === "string")
    return { name: "image", image: reference, path: `${DISK_FOLDER}/${image.names.image}` };
  if (where.kind !== "oci") throw notReadable(where.display, "KubeVirt");
  return {
    name: "image",
    image: `${where.registry}/${where.repository}@${where.reference}`,
    path: undefined,
  };
}
