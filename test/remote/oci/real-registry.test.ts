// Against Debian's docker-registry, skopeo and podman. Each test runs where its programs are installed:
//
//     apt-get install --no-install-recommends docker-registry skopeo podman
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { pullImage } from "../../../image-builder/pull/pull-image.ts";
import { type OciAddress, parseImageAddress } from "../../../remote/address.ts";
import { openOciSource } from "../../../remote/oci/open.ts";
import { pushImage } from "../../../remote/oci/push.ts";
import { pushLayout } from "../../../remote/oci/push-layout.ts";
import { writeOciLayout } from "../../../vm/export/oci-layout.ts";
import { command } from "../../scripts/docteur.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { makeCertificate } from "../http/certificate.ts";
import { basicOf } from "./test-registry.ts";

const MIB = 1024 * 1024;
const env = { HOME: "/nonexistent" };

/**
 * A test that needs programs. It is skipped, with its name, where they are not installed: their packages are
 * large, and docker-registry's starts a daemon. The tests with TestRegistry run everywhere.
 */
function testWith(programs: readonly string[]): typeof test | typeof test.skip {
  return programs.every(isInstalled) ? test : test.skip;
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts docker-registry. @returns `HOST:PORT`. @param http its settings besides the address. */
async function startRegistry(t: ExecutionContext, folder: string, http = "", rest = ""): Promise<string> {
  const port = await freePort();
  const settings = `version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: ${JSON.stringify(join(folder, "registry"))}}}
http:
  addr: 127.0.0.1:${port}
  secret: test
${http}
${rest}
`;
  writeFileSync(join(folder, "registry.yml"), settings);
  const child = spawn("docker-registry", ["serve", join(folder, "registry.yml")], { stdio: "ignore" });
  t.teardown(() => ended(child));
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`docker-registry ends with ${child.exitCode}`);
    await sleep(20);
  }
  return `127.0.0.1:${port}`;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

const at = (text: string) => parseImageAddress(text) as OciAddress;

/** An image of more than one chunk. */
async function makeLarge(folder: string): Promise<{ path: string; bytes: Buffer }> {
  mkdirSync(join(folder, "site"));
  writeFileSync(join(folder, "site/random.bin"), randomBytes(18 * MIB));
  const path = join(folder, "site.img");
  await makeImage({ repository: join(folder, "site"), image: path, date: "2020-10-10T08:00:00+00:00" });
  return { path, bytes: readFileSync(path) };
}

testWith(["docker-registry"])("docker-registry takes an image in chunks, and gives its ranges", async (t) => {
  const folder = temporaryFolder(t, "docteur-test-");
  const host = await startRegistry(t, folder);
  const { path, bytes } = await makeLarge(folder);
  const address = at(`oci://${host}/docs/site:v1`);
  t.is((await pushImage(path, address, { env })).layerWas, "uploaded");
  t.is((await pushImage(path, address, { env })).layerWas, "unchanged");
  t.is((await pushImage(path, at(`oci://${host}/docs/site:v2`), { env })).layerWas, "there");
  await using source = await openOciSource(address, { env });
  for (const [offset, length] of [
    [0, 100],
    [5 * MIB, 70_000],
    [bytes.length - 10, 10],
  ] as const) {
    t.deepEqual(Buffer.from(await source.read(offset, length)), bytes.subarray(offset, offset + length));
  }
  const image = join(folder, "pulled.img");
  await pullImage(source, { image });
  t.true(readFileSync(image).equals(bytes));
});

/**
 * Starts a proxy that cuts connections to a registry.
 * @param cuts whether it does, instead of passing a piece on, by the bytes that its connection has brought.
 * @returns `HOST:PORT`.
 */
async function startProxy(
  t: ExecutionContext,
  host: string,
  cuts: (piece: Buffer, passed: number) => boolean,
) {
  const proxy = createServer((client) => {
    const server = connect(Number(host.split(":")[1]), "127.0.0.1");
    let passed = 0;
    client.on("data", (piece: Buffer) => {
      passed += piece.length;
      if (cuts(piece, passed)) {
        client.destroy();
        server.destroy();
      } else server.write(piece);
    });
    server.pipe(client);
    client.on("error", () => {}).on("close", () => server.destroy());
    server.on("error", () => {}).on("close", () => client.destroy());
    t.teardown(() => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.teardown(() => proxy.close());
  return `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

async function isThere(host: string, digest: string, bytes: Buffer): Promise<boolean> {
  await using source = await openOciSource(at(`oci://${host}/docs/site@${digest}`), { env });
  return bytes.equals(await source.read(0, source.size));
}

testWith(["docker-registry"])("an upload succeeds although chunks are cut short", async (t) => {
  const folder = temporaryFolder(t, "docteur-test-");
  const host = await startRegistry(t, folder);
  const { path, bytes } = await makeLarge(folder);
  let cuts = 0;
  const proxy = await startProxy(t, host, (_, passed) => passed > 5 * MIB && cuts++ < 3);
  // docker-registry drops a session whose chunk was cut short; it is begun anew.
  const { digest } = await pushImage(path, at(`oci://${proxy}/docs/site:v1`), { env });
  t.true(cuts > 3);
  t.true(await isThere(host, digest, bytes));
});

testWith(["docker-registry"])("an upload goes on from the chunk that the registry has", async (t) => {
  const folder = temporaryFolder(t, "docteur-test-");
  const host = await startRegistry(t, folder);
  const { path, bytes } = await makeLarge(folder);
  let cuts = 0;
  let received = 0;
  const proxy = await startProxy(t, host, (piece) => {
    received += piece.length;
    const isSecond = piece.toString("latin1", 0, 2000).includes(`content-range: ${8 * MIB}-`);
    return isSecond && cuts++ < 2;
  });
  const { digest } = await pushImage(path, at(`oci://${proxy}/docs/site:v1`), { env });
  t.true(cuts > 2);
  t.true(received < bytes.length + MIB, `${received}`);
  t.true(await isThere(host, digest, bytes));
});

testWith(["docker-registry"])("docker-registry is spoken with over TLS, with a password", async (t) => {
  const folder = temporaryFolder(t, "docteur-test-");
  const authority = makeCertificate();
  const { cert, key } = makeCertificate({ issuer: authority });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const cacert = file("authority.pem", authority.cert);
  const [certificate, keyFile] = [file("certificate.pem", cert), file("key.pem", key)];
  // bcrypt of the password below.
  writeFileSync(
    join(folder, "htpasswd"),
    "ada:$2y$05$abcdefghijklmnopqrstuulZelnsMNK5mLloXMH0dWuvrZXMNh9uy\n",
  );
  const host = await startRegistry(
    t,
    folder,
    `  tls: {certificate: ${certificate}, key: ${keyFile}}`,
    `auth: {htpasswd: {realm: test, path: ${join(folder, "htpasswd")}}}`,
  );
  const REGISTRY_AUTH_FILE = join(folder, "auth.json");
  const auth = basicOf("ada:ada pass").slice("Basic ".length);
  writeFileSync(REGISTRY_AUTH_FILE, JSON.stringify({ auths: { [host]: { auth } } }));
  const { path, bytes } = await makeLarge(folder);
  const address = at(`oci://${host}/docs/site:v1`);
  const options = { env: { ...env, REGISTRY_AUTH_FILE }, cacert };
  await pushImage(path, address, options);
  await using source = await openOciSource(address, options);
  t.deepEqual(Buffer.from(await source.read(9 * MIB, 1000)), bytes.subarray(9 * MIB, 9 * MIB + 1000));
  await t.throwsAsync(openOciSource(address, { env, cacert }), { code: "SOURCE_DENIED" });
  await t.throwsAsync(openOciSource(address, { env: options.env }), {
    code: "SOURCE_UNREACHABLE",
    message: /--cacert/,
  });
});

testWith(["docker-registry", "skopeo"])("skopeo copies a pushed image as it is", async (t) => {
  const folder = temporaryFolder(t, "docteur-test-");
  const host = await startRegistry(t, folder);
  const { path, bytes } = await makeLarge(folder);
  const { digest, layer } = await pushImage(path, at(`oci://${host}/docs/site:v1`), { env });
  const skopeo = async (...args: string[]) => {
    const { status, stdout, stderr } = await command("skopeo", args, { env: { HOME: folder } });
    t.is(status, 0, stderr);
    return stdout.toString();
  };
  const { Digest, Layers, Os, Architecture, Created } = JSON.parse(
    await skopeo("inspect", "--tls-verify=false", `docker://${host}/docs/site:v1`),
  );
  t.deepEqual(
    { Digest, Layers, Os, Architecture, Created },
    { Digest: digest, Layers: [layer], Os: "linux", Architecture: "amd64", Created: "2020-10-10T08:00:00Z" },
  );
  const insecure = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests"];
  await skopeo("copy", ...insecure, `docker://${host}/docs/site:v1`, `docker://${host}/mirror:v1`);
  await using source = await openOciSource(at(`oci://${host}/mirror@${digest}`), { env });
  t.true(source.key.endsWith(`/${layer}`));
  t.deepEqual(Buffer.from(await source.read(9 * MIB, 1000)), bytes.subarray(9 * MIB, 9 * MIB + 1000));
});

testWith(["docker-registry", "skopeo"])(
  "a layout keeps its digest, and so does one that skopeo has written",
  async (t) => {
    const folder = temporaryFolder(t, "docteur-test-");
    const host = await startRegistry(t, folder);
    const { path, bytes } = await makeLarge(folder);
    const layers = [
      [
        { name: "disk/", owner: 107 },
        { name: "disk/disk.img", source: path, owner: 107 },
      ],
    ];
    const made = join(folder, "made");
    const digest = await writeOciLayout(made, { tag: "v1", layers, config: {} });
    const pushed = await pushLayout(made, at(`oci://${host}/machine:v1`), { env });
    t.is(pushed.digest, digest);
    const skopeo = async (...args: string[]) => {
      const { status, stderr } = await command("skopeo", args, { env: { HOME: folder } });
      t.is(status, 0, stderr);
    };
    const copy = join(folder, "copy");
    await skopeo(
      "copy",
      "--preserve-digests",
      "--src-tls-verify=false",
      `docker://${host}/machine:v1`,
      `oci:${copy}:v1`,
    );
    const again = await pushLayout(copy, at(`oci://${host}/mirror:v1`), { env });
    t.is(again.digest, digest);
    await using source = await openOciSource(at(again.address), { env });
    t.deepEqual(Buffer.from(await source.read(9 * MIB, 1000)), bytes.subarray(9 * MIB, 9 * MIB + 1000));
  },
);

// Without root, podman needs ranges of user ids that a test cannot give itself.
const asRoot = process.getuid?.() === 0 ? testWith(["docker-registry", "podman"]) : test.skip;

asRoot("podman pulls a pushed image, with the disk for KubeVirt in it (as root)", async (t) => {
  const folder = temporaryFolder(t, "docteur-test-");
  const host = await startRegistry(t, folder);
  const { path, bytes } = await makeLarge(folder);
  const { digest } = await pushImage(path, at(`oci://${host}/docs/site:v1`), { env });
  const where = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  const podman = async (...args: string[]) => {
    const { status, stdout, stderr } = await command("podman", [...where, ...args], {
      env: { HOME: folder },
    });
    t.is(status, 0, stderr);
    return stdout.toString().trim();
  };
  const name = `${host}/docs/site:v1`;
  await podman("pull", "-q", "--tls-verify=false", name);
  t.is(
    await podman("image", "inspect", "--format", "{{.Digest}} {{.Os}}/{{.Architecture}}", name),
    `${digest} linux/amd64`,
  );
  const mounted = await podman("image", "mount", name);
  const disk = join(mounted, "disk/disk.img");
  t.true(readFileSync(disk).equals(bytes));
  const { uid, gid, mode } = statSync(disk);
  t.deepEqual([uid, gid, mode & 0o777], [107, 107, 0o444]);
  await podman("image", "unmount", "--all");
  // What podman pushes again it compresses, unless the registry has the layer: then it is the same.
  await podman("push", "-q", "--tls-verify=false", name, `docker://${host}/again:v1`);
  await using source = await openOciSource(at(`oci://${host}/again:v1`), { env });
  t.is(source.size, bytes.length);
  rmSync(join(folder, "root"), { recursive: true, force: true });
});
