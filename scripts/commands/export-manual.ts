import type { Option, Section } from "../cli/command.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { options as runOptions } from "./run-manual.ts";

export const description = `Writes into FOLDER, which must be new or empty, all that an engine needs to run PROGRAM on IMAGE in a
virtual machine: kernel, initramfs, root disk, the image, a disk with the program, its arguments and its environment, the
engine's own description, and a README with the commands. The engine's host needs QEMU, and no docteur. The machine insists
on the commit that IMAGE has now. The same content gives the same files.

PROGRAM is the name of a program that ships with docteur, or a file of your own, as for 'docteur run'. It has no standard
input. Its environment is in the folder, for everybody who can read that.`;

/** Options that mean the same as those of `docteur run`. */
const SHARED = ["kernel", "modules", "env", "no-check", "tsc", "layout", "commit"];

export const options: readonly Option[] = [
  {
    name: "for",
    value: "ENGINE",
    description:
      "script: a shell script that runs the machine as a process. systemd: a service with that script. libvirt: a domain. kubevirt: a virtual machine of KubeVirt, and a container image. nomad: a job for the driver qemu. compose: a compose file, and a container image of this host's QEMU.",
  },
  { name: "output", short: "o", value: "FOLDER", description: "Where the export goes." },
  {
    name: "publish",
    short: "p",
    value: "[ADDRESS:]PORT:GUESTPORT",
    description:
      "Make PORT of the host lead to GUESTPORT of the machine, by the engine's own network; ADDRESS is one of IPv4, 127.0.0.1 by default. KubeVirt has GUESTPORT as that of a service. May be given more than once. Default: none, and no network.",
  },
  {
    name: "health",
    value: "GUESTPORT",
    description:
      "With serve: answer /healthz at this port of the machine. The engine's health checks use it: KubeVirt's, compose's, and Nomad's if -p publishes it. Default: none.",
  },
  {
    name: "accel",
    value: "ACCELERATOR",
    description:
      "kvm or tcg (emulation). Default: kvm if a trial finds that it works on this host; otherwise tcg.",
  },
  {
    name: "memory",
    short: "m",
    value: "MIB",
    description: "Memory of the machine, in MiB, at least 128. Default: 512.",
  },
  {
    name: "machine",
    value: "TYPE",
    description: "For libvirt: QEMU's type of the machine, q35 or microvm. Default: q35.",
  },
  {
    name: "registry",
    value: "REGISTRY/NAME[:TAG]",
    description: "For kubevirt, which needs it: where the container image of the machine will be.",
  },
  {
    name: "name",
    value: "NAME",
    description:
      "What the engine calls the machine: up to 42 lower-case letters, digits and dashes. Default: the name of FOLDER.",
  },
  {
    name: "at",
    value: "PATH",
    description:
      "Where FOLDER will lie on the engine's host, an absolute path, for descriptions that name it (systemd, libvirt, nomad). Default: where it is written.",
  },
  {
    name: "parts",
    value: "PARTS",
    description:
      "Put kernel, initramfs and root disk into this folder, under names with their digests: exports that have the same share them. Not for compose. Default: a folder in FOLDER.",
  },
  ...runOptions.filter(({ name }) => SHARED.includes(name)),
  ...runOptions.filter(({ name }) => ["cacert", "plain-http", "cache-size"].includes(name)),
];

export const sections: readonly Section[] = [
  {
    title: "IMAGE",
    body: ` FILE                        is copied into FOLDER
 https://..., nbd://..., rbd:...
                             is read by QEMU where it lies: script,
                             systemd, libvirt, nomad; of compose, nbd
 oci://REGISTRY/NAME:TAG     is a containerDisk: kubevirt`,
  },
  {
    title: "EXAMPLES",
    body: ` docteur export --for systemd -p 8080:80 -o site site.img serve
 docteur export --for libvirt -p 8080:80 -o site site.img serve
 docteur export --for kubevirt --registry registry.example.com/site \\
     -p 80:80 --health 9090 -o site site.img serve
 docteur export --for script -o job disk.img ./job.ts input`,
  },
  exitStatus,
];
