import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { decodeProgramDisk } from "../../../guest/protocol/program-disk.ts";
import { parseImageAddress } from "../../../remote/address.ts";
import { pushImage } from "../../../remote/oci/push.ts";
import { makeSnapshot } from "../../../vm/artifacts/snapshot.ts";
import { makeBundle } from "../../../vm/commands.ts";
import { ENGINES, type Engine } from "../../../vm/export/engine.ts";
import { describeLibvirt } from "../../../vm/export/engines/libvirt.ts";
import type { ExportOptions } from "../../../vm/export/export.ts";
import type { ExportedMachine } from "../../../vm/export/machine.ts";
import { TestRegistry } from "../../remote/oci/test-registry.ts";
import { CHECKOUT, docteur } from "../../scripts/docteur.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { SMALL } from "../fixture.ts";
import { exported } from "./exported.ts";
import { faults } from "./schema.ts";

const COMMIT = "0be1d553b75091d98bcee236313bfee577d9eadc";

const SERVER = {
  program: "serve",
  args: ["--listing"],
  publish: ["8080:80", "0.0.0.0:9091:9090"],
  healthPort: 9090,
} as const;

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** All files beneath a folder, with the hashes of their contents. */
function contents(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, sha256(readFileSync(join(folder, path)))]));
}

function forEngine(engine: Engine): Partial<ExportOptions> {
  return engine === "kubevirt" ? { registry: "registry.example.com:5000/team/site:v1" } : {};
}

for (const engine of ENGINES) {
  test(`${engine}: the same content gives the same files, with nothing of this host or its environment in them`, async (t) => {
    process.env.DOCTEUR_TOKEN = "secret-of-the-environment";
    const at = { at: "/srv/site", ...forEngine(engine), ...SERVER };
    const [one, two] = [await exported(t, { engine, ...at }), await exported(t, { engine, ...at })];
    const files = contents(one);
    t.deepEqual(files, contents(two));
    t.true(readFileSync(join(one, "README.md"), "utf8").split("\n").length < 25);
    for (const [path, digest] of Object.entries(files)) {
      const named = /sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
      if (named !== undefined) t.is(digest, named);
      if (statSync(join(one, path)).size > 1024 * 1024) continue;
      const text = readFileSync(join(one, path), "latin1");
      t.notRegex(text, /secret-of-the-environment/, path);
      if (path === "run") t.is(text.match(/tsc_early_khz=/g)?.length, 1);
      else t.notRegex(text, /tsc_early_khz|tsc=reliable/, path);
      if (!/blobs/.test(path)) t.false(text.includes(one), path);
    }
  });
}

test("the program's disk has the request, with the commit that the image has", async (t) => {
  const folder = await exported(t, { engine: "script", ...SERVER, env: { A: "1" } });
  const disk = readFileSync(join(folder, "program.img"));
  const { request } = decodeProgramDisk((offset, length) => disk.subarray(offset, offset + length));
  t.like(request, { program: "serve", args: ["--listing"], env: { A: "1" }, commit: COMMIT });
  t.deepEqual(request.ports, [{ address: "::", port: 80, published: "127.0.0.1:8080" }]);
  t.deepEqual(request.health, { address: "::", port: 9090 });
});

test("exports share kernel, initramfs and root disk in a folder of parts, and mend what is damaged there", async (t) => {
  const parts = join(temporaryFolder(t), "parts");
  await exported(t, { engine: "libvirt", parts });
  const names = readdirSync(parts);
  t.is(names.length, 3);
  const inode = (name: string) => statSync(join(parts, name)).ino;
  const before = names.map(inode);
  writeFileSync(join(parts, names[0]!), "damaged");
  const folder = await exported(t, { engine: "libvirt", parts, args: ["/a.txt"] });
  t.deepEqual(readdirSync(parts), names);
  t.deepEqual(names.slice(1).map(inode), before.slice(1));
  t.true(sha256(readFileSync(join(parts, names[0]!))).startsWith(/-([0-9a-f]{16})/.exec(names[0]!)![1]!));
  t.deepEqual(readdirSync(folder).sort(), ["README.md", "disk.img", "machine.xml", "program.img"]);
});

test("kubevirt: the machine and its service are those of KubeVirt's and Kubernetes' schemas", async (t) => {
  const folder = await exported(t, { engine: "kubevirt", ...forEngine("kubevirt"), ...SERVER });
  const { apiVersion, kind, items } = json(join(folder, "machine.json"));
  t.deepEqual([apiVersion, kind], ["v1", "List"]);
  const [machine, service] = items;
  t.deepEqual([machine.apiVersion, machine.kind], ["kubevirt.io/v1", "VirtualMachine"]);
  t.deepEqual(faults("kubevirt", undefined, machine), []);
  t.deepEqual([service.apiVersion, service.kind], ["v1", "Service"]);
  t.deepEqual(faults("kubernetes-service", undefined, service), []);
  const index = json(join(folder, "machine/index.json"));
  const reference = `registry.example.com:5000/team/site@${index.manifests[0].digest}`;
  const { spec } = machine.spec.template;
  const used = [
    spec.domain.firmware.kernelBoot.container.image,
    ...spec.volumes.map((each: { containerDisk: { image: string } }) => each.containerDisk.image),
  ];
  t.deepEqual(new Set(used), new Set([reference]));
  t.is(spec.readinessProbe.httpGet.port, 9090);
  const job = await exported(t, { engine: "kubevirt", ...forEngine("kubevirt") });
  const [instance, ...none] = json(join(job, "machine.json")).items;
  t.deepEqual([instance.kind, none], ["VirtualMachineInstance", []]);
  t.deepEqual(faults("kubevirt", "v1.VirtualMachineInstance", instance), []);
  // Kernel and root disk are the same blobs.
  const blobs = (folder: string) => new Set(readdirSync(join(folder, "machine/blobs/sha256")));
  t.true([...blobs(folder)].filter((name) => blobs(job).has(name)).length >= 3);
});

test("kubevirt: an image in a registry is a containerDisk where it lies, pinned to the digest of its tag", async (t) => {
  const registry = await TestRegistry.start(t);
  const { digest } = await pushImage(SMALL, registry.address(), { env: {} });
  const image = registry.address().display;
  // The program's environment is not that of the export.
  const env = { http_proxy: "http://127.0.0.1:9", REGISTRY_AUTH_FILE: "/none" };
  const folder = await exported(t, { engine: "kubevirt", image, env, ...forEngine("kubevirt") });
  const [instance] = json(join(folder, "machine.json")).items;
  t.deepEqual(faults("kubevirt", "v1.VirtualMachineInstance", instance), []);
  const pinned = `${registry.host}/docs/site@${digest}`;
  t.deepEqual(instance.spec.volumes[1], { name: "image", containerDisk: { image: pinned } });
});

/** A machine whose image lies elsewhere. */
function machineOf(image: string): ExportedMachine {
  const address = parseImageAddress(image);
  if (address.kind === "file") throw new Error(image);
  const parts = { kernel: "k", initramfs: "i", root: "r" };
  return {
    ...{
      name: "m",
      folder: "/srv",
      parts,
      image: address,
      commit: COMMIT,
      program: "ls",
      args: [],
      memory: 512,
    },
    ...{ accelerator: "kvm", ports: [], healthPort: undefined, machineType: "q35", registry: undefined },
  };
}

test("nomad: the job and the driver's settings are those of Nomad's schemas", async (t) => {
  for (const options of [{}, SERVER]) {
    const folder = await exported(t, { engine: "nomad", ...options });
    const job = json(join(folder, "machine.nomad.json"));
    t.deepEqual(faults("nomad-job", "JobRegisterRequest", job), []);
    t.deepEqual(faults("nomad-qemu", undefined, job.Job.TaskGroups[0].Tasks[0].Config), []);
    t.is(job.Job.Type, options === SERVER ? "service" : "batch");
  }
});

test("compose: the file is one of the Compose Specification, and QEMU's image has all that QEMU loads", async (t) => {
  const folder = await exported(t, { engine: "compose", ...SERVER });
  const compose = json(join(folder, "compose.yaml"));
  t.deepEqual(faults("compose", undefined, compose), []);
  const { machine } = compose.services;
  const [manifest] = json(join(folder, "qemu/index.json")).manifests;
  t.is(machine.image, `localhost/docteur-qemu:${manifest.digest.slice(7, 19)}`);
  t.like(machine, { read_only: true, cap_drop: ["ALL"], cpus: 1, restart: "on-failure" });
  const { layers } = json(join(folder, "qemu/blobs/sha256", manifest.digest.slice(7)));
  const layer = join(folder, "qemu/blobs/sha256", layers[0].digest.slice(7));
  const { stdout } = await execa("tar", ["-tvf", layer]);
  t.regex(stdout, /usr\/bin\/qemu-system-x86_64$/m);
  t.regex(stdout, /^drwxrwxrwt 0\/0 .* tmp\/$/m);
  t.regex(stdout, /usr\/share\/qemu\/bios-microvm\.bin$/m);
  const root = temporaryFolder(t, "docteur-root-");
  await execa("tar", ["-xf", layer, "-C", root]);
  // Nothing but what is in the layer: its own dynamic linker, libraries and firmware.
  const linker = readdirSync(join(root, "lib64")).map((name) => join(root, "lib64", name))[0]!;
  const libraries = ["lib", "usr/lib"].map((each) => join(root, each, "x86_64-linux-gnu")).join(":");
  const args = [
    "--library-path",
    libraries,
    join(root, "usr/bin/qemu-system-x86_64"),
    "-L",
    join(root, "usr/share/qemu"),
  ];
  const version = await execa(linker, [...args, "--version"]);
  t.regex(version.stdout, /^QEMU emulator version/);
});

test("systemd: the unit names the folder where it will lie, and a path that systemd does not take is refused", async (t) => {
  const folder = await exported(t, { engine: "systemd", ...SERVER, at: "/srv/50% of it" });
  const unit = readFileSync(join(folder, "machine.service"), "utf8");
  t.true(unit.includes('ExecStart="/srv/50%% of it/run"\n'));
  t.regex(unit, /^SuccessExitStatus=143$/m);
  t.regex(unit, /^MemoryMax=896M$/m);
  // QEMU's sandbox makes a filter of its own, and setpriv sets capabilities: scripts/try-systemd finds what is missing.
  t.regex(unit, /^SystemCallFilter=~@privileged\n(?:#.*\n)*SystemCallFilter=seccomp capset$/m);
  t.true((statSync(join(folder, "run")).mode & 0o111) !== 0);
  for (const at of ["/srv/$x", '/srv/"x"', "/srv/a\\b", "/srv/a\nExecStartPre=b"]) {
    await t.throwsAsync(exported(t, { engine: "systemd", at }), { code: "EXPORT_UNSUPPORTED" });
  }
});

test("other users can read an export, whatever the mask of this one is; a folder that is there stays its owner's", async (t) => {
  const mask = process.umask(0o077);
  let [folder, existing] = ["", ""];
  try {
    folder = await exported(t, { engine: "systemd", ...SERVER, at: "/srv/site" });
    existing = join(temporaryFolder(t), "link");
    mkdirSync(`${existing}ed`, { mode: 0o700 });
    symlinkSync(`${existing}ed`, existing);
    await exported(t, { engine: "script", folder: existing, parts: undefined });
  } finally {
    process.umask(mask);
  }
  for (const path of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })]) {
    const { mode } = statSync(join(folder, path));
    t.is(mode & 0o044, 0o044, path);
  }
  t.is(statSync(existing).mode & 0o777, 0o700);
  t.deepEqual(readdirSync(existing).sort(), ["README.md", "disk.img", "parts", "program.img", "run"]);
});

test("the program of a machine is the same bytes, made in any folder and environment", async (t) => {
  const [one, two] = [temporaryFolder(t), temporaryFolder(t)];
  const entry = join(CHECKOUT, "guest/runtime/standalone/main.ts");
  await makeBundle(join(one, "program.cjs"), entry);
  const before = process.cwd();
  process.chdir(two);
  try {
    await makeBundle(join(two, "program.cjs"), entry);
  } finally {
    process.chdir(before);
  }
  t.is(sha256(readFileSync(join(one, "program.cjs"))), sha256(readFileSync(join(two, "program.cjs"))));
  const snapshot = readFileSync(await makeSnapshot(one));
  const odd = {
    NODE_OPTIONS: "--enable-source-maps",
    NODE_V8_COVERAGE: temporaryFolder(t),
    TZ: "Asia/Tokyo",
  };
  Object.assign(process.env, odd);
  t.is(sha256(readFileSync(await makeSnapshot(two))), sha256(snapshot));
  for (const name of Object.keys(odd)) delete process.env[name];
  t.false(snapshot.includes(CHECKOUT));
});

test("libvirt: names and paths are escaped, and the two types of machine differ in their buses", async (t) => {
  const at = "/srv/<a>&'b'\"";
  const q35 = readFileSync(join(await exported(t, { engine: "libvirt", at }), "machine.xml"), "utf8");
  t.true(q35.includes("/srv/&#60;a&#62;&#38;&#39;b&#39;&#34;/disk.img"));
  t.notRegex(q35, /virtio-mmio|pci=off/);
  const machineType = "microvm";
  const micro = readFileSync(
    join(await exported(t, { engine: "libvirt", machineType }), "machine.xml"),
    "utf8",
  );
  t.is(micro.match(/virtio-mmio/g)?.length, 4);
  t.regex(micro, /<cmdline>pci=off /);
});

test("libvirt: only an emulated microvm counts instructions for its clock", (t) => {
  const counts = (machine: Partial<ExportedMachine>) =>
    /-icount.*\n.*shift=auto/.test(
      describeLibvirt({ ...machineOf("rbd:pool/docs"), ...machine }).files[0]!.text,
    );
  t.true(counts({ machineType: "microvm", accelerator: "tcg" }));
  t.false(counts({ machineType: "microvm", accelerator: "kvm" }));
  t.false(counts({ machineType: "q35", accelerator: "tcg" }));
});

const ADDRESSES: readonly [image: string, pattern: RegExp][] = [
  [
    "nbd+unix:///docs?socket=/run/nbd.sock",
    /<source protocol="nbd" name="docs">\s*<host transport="unix" socket="\/run\/nbd.sock"\/>/,
  ],
  [
    "https://mirror.example/a%20b/docs.img",
    /<source protocol="https" name="a%20b\/docs.img">\s*<host name="mirror.example" port="443"\/>/,
  ],
  ["rbd:pool/docs", /<source protocol="rbd" name="pool\/docs"\/>/],
];

for (const [image, pattern] of ADDRESSES) {
  test(`${image}: libvirt reads the image where it lies`, (t) => {
    const { files } = describeLibvirt(machineOf(image));
    t.regex(files[0]!.text, pattern);
    t.regex(files[0]!.text, /<domain type="kvm"[\s\S]*host-passthrough/);
  });
}

test("what cannot be exported is one line, and leaves nothing", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "full", "x"), { recursive: true });
  const cases: readonly [args: string[], status: number, message: RegExp][] = [
    [["--for", "script", SMALL, "ls"], 2, /-o FOLDER is missing/],
    [["-o", "x", SMALL, "ls"], 2, /--for ENGINE is missing: one of script, systemd/],
    [["--for", "xen", "-o", "x", SMALL, "ls"], 2, /xen/],
    [["--for", "kubevirt", "-o", "x", SMALL, "ls"], 2, /--registry REGISTRY\/NAME/],
    [["--for", "kubevirt", "--registry", "a b", "-o", "x", SMALL, "ls"], 2, /--registry REGISTRY\/NAME/],
    [["--for", "script", "-o", "x", SMALL, "serve"], 2, /serve needs a port/],
    [["--for", "script", "-o", "x", "-p", "80", SMALL, "serve"], 2, /no port of the machine/],
    [["--for", "script", "-o", "x", "-p", "unix:/a:80", SMALL, "serve"], 1, /IPv4 addresses only/],
    [["--for", "script", "-o", "x", "--health", "90", SMALL, "ls"], 2, /--health needs the program serve/],
    [["--for", "script", "-o", "x", "--machine", "q35", SMALL, "ls"], 2, /--machine is for libvirt/],
    [["--for", "compose", "-o", "x", "--parts", "p", SMALL, "ls"], 2, /--parts is for/],
    [["--for", "systemd", "-o", "x", "--at", "y", SMALL, "ls"], 2, /--at takes an absolute path/],
    [["--for", "script", "-o", "x", "--name", "A B", SMALL, "ls"], 1, /--name/],
    [
      ["--for", "script", "-o", "x", "--parts", "x/parts", SMALL, "ls"],
      1,
      /lies in the folder of the export/,
    ],
    [["--for", "script", "-o", "x\ny", SMALL, "ls"], 1, /control characters/],
    [["--for", "script", "-o", "x", "--commit", "a".repeat(40), SMALL, "ls"], 1, /it is of commit 0be1d55/],
    [["--for", "script", "-o", "x", "--commit", "0be1", SMALL, "ls"], 1, /not the full id of a commit/],
    [["--for", "script", "-o", "full", SMALL, "ls"], 1, /full: is not an empty folder/],
    [["--for", "script", "-o", "x", "nothing.img", "ls"], 1, /nothing\.img/],
    [["--for", "script", "-o", "x", SMALL, "./none.ts"], 1, /none\.ts: no such file/],
    [["--for", "script", "-o", "x", SMALL, "lss"], 2, /unknown program 'lss'/],
    [
      ["--for", "script", "-o", "x", "https://a.example/i.img?sig=hunter2", "ls"],
      1,
      /everybody who has the export/,
    ],
    [["--for", "script", "-o", "x", "rbd:pool/image", "ls"], 1, /--commit ID/],
    [["--for", "script", "-o", "x", "https://user:hunter2@a.example/i.img", "ls"], 1, /password/],
  ];
  for (const [args, status, message] of cases) {
    const ended = await docteur(["export", "--accel", "tcg", ...args], { cwd: folder });
    t.deepEqual([ended.status, ended.stdout.toString()], [status, ""], args.join(" "));
    t.regex(ended.stderr, message);
    t.notRegex(ended.stderr, /hunter2|\n {4}at /);
    // A wrong call has a second line: where the manual is.
    t.true(ended.stderr.trimEnd().split("\n").length <= status, ended.stderr);
  }
  t.deepEqual(
    readdirSync(folder).map((name) => basename(name)),
    ["full"],
  );
});
