import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { getBusybox } from "../../../vm/artifacts/busybox.ts";
import { readModules } from "../../../vm/artifacts/modules.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

function moduleFile(depends: string): Buffer {
  return Buffer.from(`\x7fELF...\0license=GPL\0depends=${depends}\0retpoline=Y\0name=x\0`, "latin1");
}

/** `moduleFile("")`, compressed by xz. */
const XZ =
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAvf0VMRi4uLgBsaWNlbnNlPUdQTABkZXBlbmRzPQByZXRwb2xpbmU9WQBuYW1lPXgAALJJ8x0AWQRzAAFIMIpA/z4ftvN9AQAAAAAEWVo=";

function modulesFolder(
  t: ExecutionContext,
  files: Record<string, Uint8Array>,
  builtIn: string[] = [],
): string {
  const folder = temporaryFolder(t);
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(join(folder, "kernel", dirname(path)), { recursive: true });
    writeFileSync(join(folder, "kernel", path), data);
  }
  writeFileSync(join(folder, "modules.builtin"), builtIn.map((name) => `kernel/${name}.ko\n`).join(""));
  return folder;
}

/** Where nothing is compressed, none is needed. */
const BUSYBOX = "/nowhere/busybox";

async function names(folder: string, wanted: string[]): Promise<string[]> {
  return (await readModules(folder, wanted, BUSYBOX)).map(({ name }) => name);
}

test("a module comes after all that it depends on, and once", async (t) => {
  const folder = modulesFolder(t, {
    "drivers/virtio.ko": moduleFile("virtio_ring"),
    "drivers/virtio_ring.ko": moduleFile(""),
    "block/virtio_blk.ko": moduleFile("virtio,virtio_ring"),
    "fs/erofs.ko": moduleFile("libcrc32c"),
    "lib/libcrc32c.ko": moduleFile(""),
    "unwanted.ko": moduleFile("nowhere"),
  });
  t.deepEqual(await names(folder, ["virtio_blk", "erofs"]), [
    "virtio_ring",
    "virtio",
    "virtio_blk",
    "libcrc32c",
    "erofs",
  ]);
});

test("a built-in module is left out, with `-` and `_` the same", async (t) => {
  const folder = modulesFolder(t, { "a/virtio-rng.ko": moduleFile("crc-t10dif") }, [
    "virtio_blk",
    "lib/crc-t10dif",
  ]);
  t.deepEqual(await names(folder, ["virtio-blk", "virtio_rng"]), ["virtio_rng"]);
});

test.serial("compressed modules are decompressed, with xz or without", async (t) => {
  const plain = moduleFile("");
  const folder = modulesFolder(t, {
    "gz.ko.gz": gzipSync(plain),
    "zst.ko.zst": zstdCompressSync(plain),
    // By a tool's hand: Node has no xz.
    "xz.ko.xz": Buffer.from(XZ, "base64"),
  });
  const busybox = await getBusybox(() => {});
  const path = process.env.PATH;
  t.teardown(() => {
    process.env.PATH = path;
  });
  for (const tools of [path, "/nowhere"]) {
    process.env.PATH = tools;
    const modules = await readModules(folder, ["gz", "zst", "xz"], busybox);
    t.deepEqual(
      modules.map(({ name }) => name),
      ["gz", "zst", "xz"],
    );
    for (const { name, data } of modules) t.deepEqual(Buffer.from(data), plain, name);
  }
});

test("a module that cannot be decompressed fails", async (t) => {
  const folder = modulesFolder(t, { "xz.ko.xz": Buffer.from(XZ, "base64").subarray(0, 20) });
  const busybox = await getBusybox(() => {});
  await t.throwsAsync(readModules(folder, ["xz"], busybox), { code: "TOOL_FAILED" });
});

test("a module that is missing is named", async (t) => {
  const folder = modulesFolder(t, { "erofs.ko": moduleFile("libcrc32c") });
  await t.throwsAsync(readModules(folder, ["erofs"], BUSYBOX), {
    code: "NO_MODULE",
    message: `${folder}: the kernel has no module libcrc32c, which the machine needs`,
  });
});

test("modules that depend on each other do not hang the search", async (t) => {
  const folder = modulesFolder(t, { "a.ko": moduleFile("b"), "b.ko": moduleFile("a") });
  t.deepEqual(await names(folder, ["a"]), ["b", "a"]);
});
