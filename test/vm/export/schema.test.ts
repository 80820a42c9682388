import test from "ava";
import { faults } from "./schema.ts";

const template = () => ({
  metadata: { labels: { app: "example" } },
  spec: {
    terminationGracePeriodSeconds: 30,
    domain: {
      cpu: { cores: 2 },
      memory: { guest: "512Mi" },
      machine: { type: "q35" },
      firmware: {
        kernelBoot: {
          kernelArgs: "console=ttyS0",
          container: { image: "example/boot:1", kernelPath: "/boot/vmlinuz", initrdPath: "/boot/initrd" },
        },
      },
      devices: {
        disks: [{ name: "root", serial: "root", disk: { bus: "virtio", readonly: true } }],
        interfaces: [{ name: "default", masquerade: {}, ports: [{ port: 8080 }] }],
        rng: {},
        panicDevices: [{ model: "pvpanic" }],
        logSerialConsole: true,
        autoattachGraphicsDevice: false,
      },
      resources: { requests: { memory: "600Mi", cpu: 1 } },
    },
    networks: [{ name: "default", pod: {} }],
    volumes: [{ name: "root", containerDisk: { image: "example/root:1", path: "/disk/root.img" } }],
    readinessProbe: { httpGet: { port: 8080, path: "/" }, periodSeconds: 5 },
  },
});

const virtualMachine = () => ({
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  metadata: { name: "example" },
  spec: { runStrategy: "Always", template: template() },
});

test("KubeVirt's VirtualMachine and VirtualMachineInstance pass", (t) => {
  t.deepEqual(faults("kubevirt", undefined, virtualMachine()), []);
  t.deepEqual(faults("kubevirt", "v1.VirtualMachine", virtualMachine()), []);
  const { spec } = template();
  const instance = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", metadata: {}, spec };
  t.deepEqual(faults("kubevirt", "v1.VirtualMachineInstance", instance), []);
});

test("a misspelt field of a virtual machine is found wherever it stands", (t) => {
  const instance = template();
  const { devices } = instance.spec.domain;
  Object.assign(devices.disks[0]!.disk, { readOnly: true });
  Object.assign(devices.interfaces[0]!.masquerade, { ports: [] });
  Object.assign(instance.metadata, { label: {} });
  const machine = { ...virtualMachine(), specs: {}, spec: { runStrategy: "Always", template: instance } };
  const at = "/spec/template/spec/domain/devices";
  const unknown = "must NOT have additional properties";
  t.deepEqual(faults("kubevirt", "v1.VirtualMachine", machine).sort(), [
    `/: ${unknown} (specs)`,
    `/spec/template/metadata: ${unknown} (label)`,
    `${at}/disks/0/disk: ${unknown} (readOnly)`,
    `${at}/interfaces/0/masquerade: ${unknown} (ports)`,
  ]);
});

test("wrong types and missing fields of a virtual machine are found", (t) => {
  const cpu = { cores: "2" };
  const memory = { guest: ["512Mi"] };
  const { devices } = template().spec.domain;
  t.deepEqual(faults("kubevirt", "v1.VirtualMachineInstanceSpec", { domain: { cpu, memory, devices } }), [
    "/domain/cpu/cores: must be integer",
    "/domain/memory/guest: must be string,integer,number",
  ]);
  t.deepEqual(faults("kubevirt", "v1.VirtualMachineInstanceSpec", {}), [
    "/: must have required property 'domain'",
  ]);
});

test("Kubernetes' Service passes, and its faults are found", (t) => {
  const service = (port: object) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "example" },
    spec: { selector: { app: "example" }, ports: [port] },
  });
  const find = (port: object) => faults("kubernetes-service", undefined, service(port));
  t.deepEqual(find({ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }), []);
  t.deepEqual(find({ port: 80, targetPort: "http" }), []);
  t.deepEqual(find({ port: "80", targetport: 8080, targetPort: true }).sort(), [
    "/spec/ports/0/port: must be integer",
    "/spec/ports/0/targetPort: must be string,integer",
    "/spec/ports/0: must NOT have additional properties (targetport)",
  ]);
});

test("Nomad's job passes, and its faults are found", (t) => {
  const job = (task: object) => ({
    ID: "example",
    Type: "service",
    Datacenters: ["dc1"],
    TaskGroups: [
      {
        Name: "example",
        Count: 1,
        Networks: [{ DynamicPorts: [{ Label: "http" }] }],
        Tasks: [{ Name: "vm", Driver: "qemu", Config: {}, Resources: { MemoryMB: 512 }, ...task }],
      },
    ],
  });
  t.deepEqual(faults("nomad-job", undefined, job({ KillTimeout: 30e9 })), []);
  t.deepEqual(faults("nomad-job", "JobRegisterRequest", { Job: job({}) }), []);
  t.deepEqual(faults("nomad-job", "Job", job({ driver: "qemu", Resources: { MemoryMB: "512" } })).sort(), [
    "/TaskGroups/0/Tasks/0/Resources/MemoryMB: must be integer",
    "/TaskGroups/0/Tasks/0: must NOT have additional properties (driver)",
  ]);
});

test("the configuration of Nomad's qemu driver passes, and its faults are found", (t) => {
  const image_path = "local/root.img";
  const find = (config: object) => faults("nomad-qemu", undefined, config);
  t.deepEqual(find({ image_path, args: ["-smp", "2"], port_map: [{ http: 8080 }] }), []);
  const wrong = { drive_interface: "nvme", args: "-smp 2", port_map: { http: 8080 }, acelerator: "kvm" };
  t.deepEqual(find(wrong), [
    "/: must have required property 'image_path'",
    "/: must NOT have additional properties (acelerator)",
    "/args: must be array",
    "/drive_interface: must be equal to one of the allowed values (ide, scsi, sd, mtd, floppy, pflash, virtio, none)",
    "/port_map: must be array",
  ]);
});

test("a compose file passes, and its faults are found", (t) => {
  const service = { image: "example/vm:1", devices: ["/dev/kvm"], ports: ["8080:8080"], restart: "always" };
  t.deepEqual(faults("compose", undefined, { services: { vm: service } }), []);
  t.deepEqual(faults("compose", "service", service), []);
  t.deepEqual(faults("compose", undefined, { services: { vm: { ...service, stop_graceperiod: "30s" } } }), [
    "/services/vm: must NOT have additional properties (stop_graceperiod)",
  ]);
  t.deepEqual(faults("compose", undefined, { services: { vm: { ...service, devices: "/dev/kvm" } } }), [
    "/services/vm/devices: must be array",
  ]);
});

test("a definition that a schema lacks is an error, not a pass", (t) => {
  t.throws(() => faults("kubevirt", "v1.VirtualMachne", {}), { message: /v1\.VirtualMachne/ });
});
