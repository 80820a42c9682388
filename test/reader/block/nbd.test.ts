import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import test from "ava";
import { serveNbd } from "../../../remote/nbd/server.ts";
import { MemoryImage, pattern } from "../../remote/nbd/served.ts";

const MODULE = new URL("../../../reader/block/nbd.ts", import.meta.url);

/**
 * Evaluates an expression in a process whose `device` is the image behind an inherited socket, and `read` its
 * bytes from a sector on. @returns its value, or the message of its error.
 */
async function inProcess(serve: (socket: Duplex) => void, expression: string): Promise<unknown> {
  const script = `import { openNbdDevice } from ${JSON.stringify(MODULE.href)};
const read = (first, length) => { const into = new Uint8Array(length).fill(1); device.readSectors(first, into); return into; };
const hash = (bytes) => process.getBuiltinModule("crypto").createHash("sha1").update(bytes).digest("hex");
let device, value;
try { device = openNbdDevice(3, "disk"); value = ${expression}; } catch (error) { value = error.message; }
process.stdout.write(JSON.stringify(value));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  const ended = once(child, "exit");
  const socket = child.stdio[3] as Duplex;
  socket.on("error", () => {});
  serve(socket);
  const value = JSON.parse(await text(child.stdout!));
  await ended;
  socket.destroy();
  return value;
}

const fault = (why: string) =>
  `disk: it cannot be read where it lies any more (${why}): check its server and the network, and try again`;

test("a device reads its sectors through a socket, and zeroes after the last byte", async (t) => {
  const image = new MemoryImage(pattern(3_000_100));
  const serve = (socket: Duplex) => void serveNbd(socket, image);
  const shape = "[device.size, device.sectorCount, device.sectorSize, device.path === undefined]";
  t.deepEqual(await inProcess(serve, shape), [3_000_100, 5860, 512, true]);
  const all = Buffer.concat([image.bytes, Buffer.alloc(5860 * 512 - 3_000_100)]);
  t.is(await inProcess(serve, "hash(read(0, 5860 * 512))"), createHash("sha1").update(all).digest("hex"));
  t.deepEqual(await inProcess(serve, "[...read(5859, 512)]"), [...all.subarray(5859 * 512)]);
  // It is opened again by those who read it once more.
  t.is(await inProcess(serve, "(device.close(), read(1, 512)[0])"), image.bytes[512]);
});

test("a device says which bytes cannot be read, and why", async (t) => {
  const image = new MemoryImage(pattern(10_000));
  image.before = (offset) => {
    if (offset === 1024) throw new Error("the server is gone");
  };
  const serve = (socket: Duplex) => void serveNbd(socket, image);
  t.is(await inProcess(serve, "read(2, 512)"), fault("EIO"));
  for (const range of ["20, 512", "-1, 512", "0, 100", "19, 1024"]) {
    t.regex(
      String(await inProcess(serve, `read(${range})`)),
      /^invalid image: no \d+ bytes at sector -?\d+ of disk/,
    );
  }
  const goneAt = (length: number) => (socket: Duplex) => {
    serveNbd(socket, {
      size: 10_000,
      read: async () => new Uint8Array(length).fill(socket.destroy() ? 1 : 0),
    });
  };
  t.regex(String(await inProcess(goneAt(512), "read(0, 512)")), /the NBD server has gone|ECONNRESET|EPIPE/);
  t.is(
    await inProcess((socket) => socket.end("HTTP/1.1 400 Bad Request"), "1"),
    fault("no NBD server is there"),
  );
  t.is(await inProcess((socket) => socket.end(), "1"), fault("the NBD server has gone"));
});
