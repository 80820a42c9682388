import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import test from "ava";
import fc from "fast-check";
import { BLOCK_SIZE } from "../../../remote/block-cache.ts";
import { Blocks } from "../../../remote/blocks.ts";
import type { DeviceHandle } from "../../../remote/device/protocol.ts";
import { RemoteDevice } from "../../../remote/device/remote-device.ts";
import { serveDevice } from "../../../remote/device/serve-device.ts";
import { FakeSource, patterned } from "../fake-source.ts";

const SIZE = 40 * BLOCK_SIZE + 700;
const PATIENCE = { patience: 60_000 };
const module = (path: string) => JSON.stringify(join(import.meta.dirname, "../../..", path));

/** Has a thread run a script, which has `handle` and `send`. Gives what it sends. */
async function inThread(handle: DeviceHandle, script: string): Promise<unknown[]> {
  const program = `
    const { parentPort, workerData } = require("node:worker_threads");
    const handle = workerData;
    const send = (value) => parentPort.postMessage(value);
    import(${module("remote/device/remote-device.ts")}).then(async ({ RemoteDevice }) => { ${script} });`;
  const worker = new Worker(program, { eval: true, workerData: handle, transferList: [handle.port] });
  const sent: unknown[] = [];
  worker.on("message", (value) => sent.push(value));
  await once(worker, "exit");
  return sent;
}

/** Starts a thread that fetches from a fake source, for this one to read from. */
async function fetcher(t: { teardown(end: () => unknown): void }, options: string, patience = 60_000) {
  const program = `
    const { parentPort } = require("node:worker_threads");
    Promise.all([
      import(${module("remote/blocks.ts")}),
      import(${module("remote/device/serve-device.ts")}),
      import(${module("test/remote/fake-source.ts")}),
    ]).then(([{ Blocks }, { serveDevice }, { FakeSource, patterned }]) => {
      const image = new Blocks(new FakeSource(patterned(${SIZE}), ${options}));
      const onClose = () => image[Symbol.asyncDispose]();
      const { handle } = serveDevice(image, { patience: ${patience}, onClose });
      parentPort.postMessage(handle, [handle.port]);
    });`;
  const worker = new Worker(program, { eval: true });
  t.teardown(() => worker.terminate());
  const [handle] = (await once(worker, "message")) as [DeviceHandle];
  return { worker, device: new RemoteDevice(handle) };
}

test("the main thread reads what another fetches", async (t) => {
  const { worker, device } = await fetcher(t, `{ delay: (n) => n % 3 }`);
  const truth = Buffer.concat([patterned(SIZE), Buffer.alloc(512 - (SIZE % 512))]);
  t.is(device.size, SIZE);
  t.is(device.sectorCount, Math.ceil(SIZE / 512));
  const property = fc.property(
    fc.integer({ min: 0, max: device.sectorCount }),
    fc.integer({ min: 0, max: 3000 }),
    (first, count) => {
      const into = Buffer.alloc(Math.min(count, device.sectorCount - first) * 512, 1);
      device.readSectors(first, into);
      return into.equals(truth.subarray(first * 512, first * 512 + into.length));
    },
  );
  fc.assert(property, { numRuns: 100, examples: [[device.sectorCount, 0]] });
  for (const [first, length] of [
    [-1, 512],
    [device.sectorCount, 512],
    [0, 100],
    [0, (device.sectorCount + 1) * 512],
  ] as const) {
    t.throws(() => device.readSectors(first, new Uint8Array(length)), {
      code: "INVALID_IMAGE",
      message: /fake:\/\/image/,
    });
  }
  device.close();
  device.close();
  t.throws(() => device.readSectors(0, new Uint8Array(512)), { message: /fake:\/\/image is closed/ });
  // The thread has nothing left to do.
  await once(worker, "exit");
});

test("an error of the source is thrown as it is, and the next read may succeed", async (t) => {
  const { device } = await fetcher(t, `{ start: ${BLOCK_SIZE}, fails: (n) => n < 2 }`);
  for (const number of [0, 1]) {
    const error = t.throws(() => device.readSectors(BLOCK_SIZE / 512, new Uint8Array(512)));
    t.like(error, {
      name: "SourceError",
      code: "SOURCE_UNREACHABLE",
      message: `fake://image: read ${number} fails`,
    });
  }
  device.readSectors(BLOCK_SIZE / 512, new Uint8Array(512));
  device.close();
});

test("a read that nobody answers fails, and so do those after it", async (t) => {
  const { device } = await fetcher(t, `{ start: ${BLOCK_SIZE}, delay: () => 1_000_000 }`, 50);
  for (const _ of [1, 2]) {
    t.throws(() => device.readSectors(BLOCK_SIZE / 512, new Uint8Array(512)), {
      code: "SOURCE_TIMEOUT",
      message: /^fake:\/\/image: no answer/,
    });
  }
  device.close();
});

test("several threads read one image, each block of which is fetched once", async (t) => {
  const source = new FakeSource(patterned(SIZE), { start: BLOCK_SIZE, delay: () => 3 });
  const image = new Blocks(source, { memory: 64 * BLOCK_SIZE });
  const script = `
    const device = new RemoteDevice(handle);
    const into = new Uint8Array(device.sectorCount * 512);
    for (let first = 0; first < device.sectorCount; first += 100) {
      device.readSectors(first, into.subarray(first * 512, Math.min(first + 100, device.sectorCount) * 512));
    }
    send(into);`;
  const devices = [1, 2, 3].map(() => serveDevice(image, PATIENCE));
  const read = await Promise.all(devices.map(({ handle }) => inThread(handle, script)));
  for (const [bytes] of read) t.is(Buffer.compare((bytes as Uint8Array).subarray(0, SIZE), source.bytes), 0);
  t.is(
    source.reads.reduce((sum, [, length]) => sum + length, 0),
    SIZE - BLOCK_SIZE,
  );
  await image[Symbol.asyncDispose]();
});

test("a thread that waits gets an error when the image is closed", async (t) => {
  const source = new FakeSource(patterned(SIZE), { start: BLOCK_SIZE, delay: () => 1_000_000 });
  const image = new Blocks(source);
  let errors = 0;
  const { handle } = serveDevice(image, { ...PATIENCE, onError: () => errors++ });
  const sent = inThread(
    handle,
    `
    try {
      new RemoteDevice(handle).readSectors(${BLOCK_SIZE / 512}, new Uint8Array(512));
    } catch (error) {
      send(error.message);
    }`,
  );
  while (source.reads.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await image[Symbol.asyncDispose]();
  t.deepEqual(await sent, ["fake://image is closed"]);
  t.is(errors, 1);
});

test("a thread that waits can be ended, and closes its device with that", async (t) => {
  const source = new FakeSource(patterned(SIZE), { start: BLOCK_SIZE, delay: () => 1_000_000 });
  const image = new Blocks(source);
  const closed = Promise.withResolvers<void>();
  const { handle } = serveDevice(image, { ...PATIENCE, onClose: closed.resolve });
  const worker = new Worker(
    `const { workerData } = require("node:worker_threads");
     import(${module("remote/device/remote-device.ts")}).then(({ RemoteDevice }) => {
       new RemoteDevice(workerData).readSectors(${BLOCK_SIZE / 512}, new Uint8Array(512));
     });`,
    { eval: true, workerData: handle, transferList: [handle.port] },
  );
  while (source.reads.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await worker.terminate();
  await closed.promise;
  await image[Symbol.asyncDispose]();
  t.pass();
});
