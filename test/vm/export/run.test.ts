import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { execa } from "execa";
import { EXIT_LINE, OUTPUT_LINE } from "../../../guest/protocol/standalone.ts";
import { type NbdAddress, parseImageAddress } from "../../../remote/address.ts";
import { runScript } from "../../../vm/export/engines/run-script.ts";
import type { ExportedMachine } from "../../../vm/export/machine.ts";
import { CHECKOUT } from "../../scripts/docteur.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { descendants, SMALL, SMALL_FILES } from "../fixture.ts";
import { exported } from "./exported.ts";
import { freePort } from "./free-port.ts";

/** Asks until the machine answers. */
async function whenUp(url: string, child: ChildProcess): Promise<Response> {
  for (;;) {
    try {
      return await fetch(url);
    } catch (error) {
      if (child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** The fields of an answer but those of its connection and its time. */
async function contents(response: Response): Promise<unknown> {
  const fields = [...response.headers].filter(([name]) => name !== "date");
  return [response.status, fields, Buffer.from(await response.arrayBuffer()).toString("latin1")];
}

test.serial(
  "a script gives the program's output, byte for byte, its errors and its exit status",
  async (t) => {
    const folder = await exported(t, {
      engine: "script",
      args: [...SMALL_FILES.keys(), "/nope"],
      // In its own folder, with a space and a quote in its name.
      parts: undefined,
    });
    const tmp = temporaryFolder(t);
    // As a service of systemd: standard output is a socket.
    const server = createServer().listen(join(tmp, "out"));
    await once(server, "listening");
    const socket = connect(join(tmp, "out"));
    const [accepted] = (await once(server, "connection")) as [Socket];
    const pieces: Buffer[] = [];
    accepted.on("data", (piece: Buffer) => pieces.push(piece));
    const ended = once(accepted, "end");
    const child = spawn(join(folder, "run"), {
      stdio: ["ignore", socket, "pipe"],
      env: { ...process.env, TMPDIR: tmp },
    });
    socket.destroy();
    let errors = "";
    child.stderr!.on("data", (piece) => {
      errors += piece;
    });
    const [status] = await once(child, "close");
    await ended;
    server.close();
    t.deepEqual(Buffer.concat(pieces), Buffer.concat([...SMALL_FILES.values()]));
    t.is(errors, "cat: /nope: not found\n");
    t.is(status, 1);
    t.deepEqual(readdirSync(tmp), []);
  },
);

test.serial(
  "a program of the user's own has arguments and environment of any length, and the time; its status arrives",
  async (t) => {
    const source = join(temporaryFolder(t), "program.ts");
    writeFileSync(
      source,
      `
    export default async ({ store, console, args, env, stdin }) => {
      for await (const _ of stdin) throw new Error("there is no input");
      console.error("no newline at the end");
      console.write(JSON.stringify([args, env, store.get("/README.md").length, Date.now(), Math.random()]));
      process.exit(42);
    };`,
    );
    const args = ["x".repeat(5000), "ü\n'\"$`"];
    const env = { LONG: "y".repeat(5000) };
    const folder = await exported(t, { engine: "script", program: source, args, env, check: false });
    const { stdout, stderr, exitCode } = await execa(join(folder, "run"), { reject: false });
    t.deepEqual([exitCode, stderr], [42, "no newline at the end"]);
    const [gotArgs, gotEnv, length, now, random] = JSON.parse(stdout);
    t.deepEqual([gotArgs, gotEnv, length], [args, env, SMALL_FILES.get("/README.md")!.length]);
    t.true(Math.abs(Date.now() - now) < 120_000);
    const second = await execa(join(folder, "run"), { reject: false });
    t.not(JSON.parse(second.stdout)[4], random);
  },
);

test.serial(
  "an exported server answers as `docteur run` does, and ends with 143 at SIGTERM, leaving nothing",
  async (t) => {
    const [port, health, local] = [await freePort(), await freePort(), await freePort()];
    const publish = [`${port}:80`, `${health}:9090`];
    const args = ["--listing"];
    const folder = await exported(t, { engine: "script", program: "serve", args, publish, healthPort: 9090 });
    const tmp = temporaryFolder(t);
    const child = spawn(join(folder, "run"), { env: { ...process.env, TMPDIR: tmp } });
    t.teardown(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (piece) => {
      output += piece;
    });
    const closed = once(child, "close");
    const host = spawn(join(CHECKOUT, "scripts/docteur"), [
      ...["run", "-t", "unix", "-p", `${local}:80`, SMALL, "serve", ...args],
    ]);
    t.teardown(() => host.kill());
    await whenUp(`http://127.0.0.1:${port}/README.md`, child);
    await whenUp(`http://127.0.0.1:${local}/README.md`, host);
    for (const path of [...SMALL_FILES.keys(), "/", "/nope", "/a", "/.docteur/"].map(encodeURI)) {
      for (const headers of [{}, { "Accept-Encoding": "identity" }, { Range: "bytes=1-3" }]) {
        const there = await contents(await fetch(`http://127.0.0.1:${port}${path}`, { headers }));
        t.deepEqual(
          there,
          await contents(await fetch(`http://127.0.0.1:${local}${path}`, { headers })),
          path,
        );
      }
    }
    const healthz = await fetch(`http://127.0.0.1:${health}/healthz`);
    t.deepEqual([healthz.status, await healthz.text()], [200, "ok\n"]);
    const beneath = descendants(child.pid!);
    t.true(beneath.some(({ name }) => name.startsWith("qemu")));
    child.kill("SIGTERM");
    t.deepEqual(await closed, [143, null]);
    t.is(output, `http://127.0.0.1:${port}/\n`);
    t.deepEqual(readdirSync(tmp), []);
  },
);

test.serial("a script whose output nobody reads ends; one whose port is taken says so", async (t) => {
  const source = join(temporaryFolder(t), "endless.js");
  writeFileSync(source, "export default ({ console }) => { for (;;) console.write('x'.repeat(65536)); };");
  const folder = await exported(t, { engine: "script", program: source, args: [], check: false });
  const child = spawn("bash", ["-c", 'set -o pipefail; "$0" | head -c 10', join(folder, "run")]);
  const [status] = await once(child, "close");
  t.is(status, 141);
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  const publish = [`${port}:80`];
  const server = await exported(t, { engine: "script", program: "serve", args: [], publish });
  const { exitCode, stderr } = await execa(join(server, "run"), { reject: false });
  t.is(exitCode, 1);
  t.regex(stderr, /Could not set up host forwarding rule/);
});

/** The command line that Nomad's driver qemu makes of a task (its documentation, and what it starts). */
function nomadCommand(folder: string, extra: readonly string[] = []): string[] {
  const { Job } = JSON.parse(readFileSync(join(folder, "machine.nomad.json"), "utf8"));
  const [{ Config, Resources }] = Job.TaskGroups[0].Tasks;
  return [
    ...["-machine", `type=${Config.machine_type},accel=${Config.accelerator}`, "-name", "root"],
    ...["-m", `${Resources.MemoryMB}M`],
    ...["-drive", `file=${Config.image_path},if=${Config.drive_interface},id=image0`, "-nographic"],
    ...extra,
    ...Config.args,
  ];
}

/** The lines of a console. */
const linesOf = (console: string) => console.replaceAll("\r", "").trimEnd().split("\n");

test.serial(
  "without ports the console has the program's output after a line of its own, and the status last; QEMU fails if the program does",
  async (t) => {
    const folder = await exported(t, { engine: "nomad", args: ["/a.txt", "/nope"] });
    const failed = await execa("qemu-system-x86_64", nomadCommand(folder), {
      reject: false,
      stdin: "ignore",
    });
    t.is(failed.exitCode, 1, failed.stderr);
    const lines = linesOf(failed.stdout);
    const at = lines.findIndex((line) => line.endsWith(OUTPUT_LINE));
    t.deepEqual(lines.slice(at + 1), [
      ...SMALL_FILES.get("/a.txt")!.toString().trimEnd().split("\n"),
      "cat: /nope: not found",
      `${EXIT_LINE}1`,
    ]);
  },
);

test.serial(
  "on q35 a machine gets its address by DHCP, and the power button ends its server as no failure",
  async (t) => {
    const port = await freePort();
    const folder = await exported(t, {
      engine: "libvirt",
      program: "serve",
      args: [],
      publish: [`${port}:80`],
    });
    const log = join(folder, "console");
    const xml = readFileSync(join(folder, "machine.xml"), "utf8");
    const text = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(xml)![1]!;
    const files = [...xml.matchAll(/<source file="(.*?)"/g)].map(([, path]) => path!);
    const plain = (value: string) => value.replaceAll("&#39;", "'");
    const args = [
      ...[
        "-M",
        "q35",
        "-accel",
        "tcg",
        "-cpu",
        "max",
        "-m",
        "512",
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
      ],
      ...["-kernel", plain(text("kernel")), "-initrd", plain(text("initrd"))],
      ...["-append", plain(text("cmdline")).replace(/ip=\S+/, "ip=dhcp")],
      ...files.flatMap((path) => ["-drive", `file=${plain(path)},if=virtio,format=raw,readonly=on`]),
      ...["-netdev", `user,id=n,hostfwd=tcp:127.0.0.1:${port}-:80`, "-device", "virtio-net-pci,netdev=n"],
      ...["-device", "pvpanic-pci", "-action", "panic=exit-failure", "-serial", `file:${log}`],
      ...["-qmp", "stdio"],
    ];
    const child = spawn("qemu-system-x86_64", args);
    t.teardown(() => child.kill("SIGKILL"));
    let errors = "";
    child.stderr.on("data", (piece) => {
      errors += piece;
    });
    child.stdout.resume();
    const closed = once(child, "close");
    const response = await whenUp(`http://127.0.0.1:${port}/README.md`, child).catch(() => undefined);
    if (response === undefined) return t.fail(`${errors}${readFileSync(log, "utf8")}`);
    t.is(await response.text(), SMALL_FILES.get("/README.md")!.toString());
    child.stdin.write('{"execute":"qmp_capabilities"}{"execute":"system_powerdown"}\n');
    t.deepEqual(await closed, [0, null]);
    t.is(linesOf(readFileSync(log, "utf8")).at(-1), `${EXIT_LINE}143`);
  },
);

const STUBBORN = `export default ({ console, args: [what] }) => {
  if (what === "fill") for (const all = []; ; ) all.push(new Array(1000).fill(all.length));
  process.on("SIGTERM", () => {
    console.write("x".repeat(300_000));
    process.exit(7);
  });
  console.write("waiting\\n");
  return new Promise(() => setInterval(() => {}, 1000));
};`;

async function stubborn(t: ExecutionContext, ...args: string[]): Promise<string> {
  const program = join(temporaryFolder(t), "stubborn.js");
  writeFileSync(program, STUBBORN);
  return join(await exported(t, { engine: "script", program, args, check: false, memory: 256 }), "run");
}

test.serial("a signal to the whole group of processes leaves the output to its readers", async (t) => {
  const child = spawn(await stubborn(t), { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  let output = "";
  child.stdout.on("data", (piece) => {
    if (output === "") for (const signal of ["SIGTERM", "SIGHUP"] as const) process.kill(-child.pid!, signal);
    output += piece;
  });
  t.deepEqual(await closed, [7, null]);
  t.is(output, `waiting\n${"x".repeat(300_000)}`);
});

test.serial("a signal to a machine that still boots ends it", async (t) => {
  const run = await stubborn(t);
  const child = spawn(run, { stdio: ["ignore", "ignore", "inherit"] });
  const closed = once(child, "close");
  while (!descendants(child.pid!).some(({ name }) => name.startsWith("qemu"))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill("SIGTERM");
  const [status] = await closed;
  // 143, if it ended before the program had its handler.
  t.true(status === 7 || status === 143, `${status}`);
});

test.serial("a program that needs more memory than the machine has ends with one line", async (t) => {
  const { exitCode, stdout, stderr } = await execa(await stubborn(t, "fill"), { reject: false });
  t.deepEqual([exitCode, stdout], [1, ""]);
  t.is(stderr, "docteur: out of memory: the program needs more than the machine's 256 MiB");
});

test.serial("nothing that an export is given is a command of its script", async (t) => {
  const mark = join(temporaryFolder(t, "docteur-mark-"), "mark");
  const evil = `$work$(touch\t${mark})\`touch ${mark}\`'"; touch ${mark}`;
  const parts = join(temporaryFolder(t), `$work$(touch ${mark.replaceAll("/", "%")})`);
  const folder = await exported(t, {
    engine: "script",
    args: [evil, "/a.txt"],
    env: { [evil]: evil },
    parts,
  });
  const { stdout, exitCode } = await execa(join(folder, "run"), { reject: false, stripFinalNewline: false });
  t.deepEqual([exitCode, stdout], [1, SMALL_FILES.get("/a.txt")!.toString()]);
  const text = runScript(
    { ...ELSEWHERE, image: parseImageAddress(`nbd://host/${encodeURIComponent(evil)}`) as NbdAddress },
    [],
  );
  await execa("sh", ["-n"], { input: text });
  const argument = text
    .split("\n")
    .find((line) => line.includes("nbd"))!
    .replace(/\\$/, "");
  const { stdout: printed } = await execa("sh", ["-c", `printf %s ${argument}`]);
  t.true(printed.includes(JSON.stringify(evil)));
  t.throws(() => readFileSync(mark), { code: "ENOENT" });
});

const ELSEWHERE: Omit<ExportedMachine, "image"> = {
  ...{ name: "m", folder: "/srv", parts: { kernel: "k", initramfs: "i", root: "r" }, commit: "0".repeat(40) },
  ...{ program: "ls", args: [], memory: 512, accelerator: "tcg", ports: [], healthPort: undefined },
  ...{ machineType: "q35", registry: undefined },
};
