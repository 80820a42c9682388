// With libvirt itself, where it is installed:
//
//     apt-get install --no-install-recommends libvirt-daemon-system libvirt-clients
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { execa } from "execa";
import { EXIT_LINE } from "../../../guest/protocol/standalone.ts";
import type { ExportOptions } from "../../../vm/export/export.ts";
import { findTool } from "../../../vm/tools.ts";
import { SMALL_FILES } from "../fixture.ts";
import { exported } from "./exported.ts";
import { freePort } from "./free-port.ts";

const isThere = ["virsh", "libvirtd"].every((tool) => findTool(tool) !== undefined);
const testWithLibvirt = isThere ? test.serial : test.serial.skip;

/** The user of a session: root has none, its connections go to the system's daemon. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const asUser = isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];

/**
 * Exports a machine for the daemon of a session of this test's own, which ends with the test. Its sockets have short
 * paths.
 *
 * @returns the folder, and what runs virsh.
 */
async function session(t: ExecutionContext, options: Partial<ExportOptions>) {
  const home = mkdtempSync(join(tmpdir(), "dl"));
  const folder = await exported(t, { engine: "libvirt", parts: undefined, ...options });
  if (isRoot) {
    await execa("chown", ["-R", `${NOBODY}:${NOBODY}`, home, folder]);
    chmodSync(dirname(folder), 0o755);
  }
  const env = { HOME: home, XDG_RUNTIME_DIR: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home };
  const virsh = async (...args: string[]) => {
    const [command, ...rest] = [...asUser, "virsh", "-q", "-c", "qemu:///session", ...args];
    return (await execa(command!, rest, { env })).stdout.trim();
  };
  t.teardown(async () => {
    await virsh("destroy", "machine").catch(() => {});
    const find = (name: string) => join(home, "libvirt", name);
    for (const file of ["libvirtd.pid", "virtlogd.pid"].map(find).filter(existsSync)) {
      process.kill(Number(readFileSync(file, "utf8")));
    }
    while (["libvirt-sock", "virtlogd-sock"].map(find).some(existsSync)) await sleep(100);
    rmSync(home, { recursive: true, force: true });
  });
  return { folder, virsh };
}

/** Milliseconds after which a machine hangs, however busy this one is. */
const HANGS = 300_000;

/** Looks for something until it is there. @throws if the machine hangs. */
async function found<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  for (const end = Date.now() + HANGS; Date.now() < end; await sleep(200)) {
    const there = await look();
    if (there !== undefined) return there;
  }
  throw new Error(`the machine hangs: ${what} is missing`);
}

for (const machineType of ["q35", "microvm"] as const) {
  testWithLibvirt(
    `${machineType}: libvirt starts a server, which answers and ends as it is asked to`,
    async (t) => {
      const port = await freePort();
      const options = { program: "serve", args: [], publish: [`${port}:80`], machineType };
      const { folder, virsh } = await session(t, options);
      const xml = join(folder, "machine.xml");
      if (findTool("virt-xml-validate") !== undefined) await execa("virt-xml-validate", [xml, "domain"]);
      await virsh("define", xml);
      await virsh("start", "machine");
      const text = await found("an answer", async () => {
        t.is(await virsh("domstate", "machine"), "running");
        return await fetch(`http://127.0.0.1:${port}/README.md`).then(
          (response) => response.text(),
          () => undefined,
        );
      });
      t.is(text, SMALL_FILES.get("/README.md")!.toString());
      await virsh("shutdown", "machine");
      await found("its end", async () => (await virsh("domstate", "machine")) !== "running" || undefined);
      t.regex(await virsh("domstate", "--reason", "machine"), /^shut off \((?:shutdown|destroyed)\)/);
      t.regex(readFileSync(join(folder, "machine.log"), "utf8"), new RegExp(`${EXIT_LINE}143\\s*$`));
      await virsh("undefine", "machine");
    },
  );
}

testWithLibvirt("libvirt tells that a program has failed: its machine has crashed", async (t) => {
  const { folder, virsh } = await session(t, { args: ["/nope"] });
  await virsh("define", join(folder, "machine.xml"));
  await virsh("start", "machine");
  const isOver = async () => !/running|paused/.test(await virsh("domstate", "machine")) || undefined;
  await found("its end", isOver);
  t.regex(await virsh("domstate", "--reason", "machine"), /^shut off \(crashed\)/);
  t.regex(readFileSync(join(folder, "machine.log"), "utf8"), new RegExp(`${EXIT_LINE}1\\s*$`));
  await virsh("undefine", "machine");
});
