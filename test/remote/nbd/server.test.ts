import { once } from "node:events";
import { connect, type Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { SourceError } from "../../../reader/source-error.ts";
import { ByteReader } from "../../../remote/nbd/byte-reader.ts";
import { serveNbd } from "../../../remote/nbd/server.ts";
import { listen, MemoryImage, pattern } from "./served.ts";

const MIB = 1024 * 1024;
const IHAVEOPT = "49484156454f5054";

/** A client that writes what it is told, and reads by numbers of bytes. */
async function client(t: ExecutionContext, image: MemoryImage, onFault?: (error: unknown) => boolean) {
  const servers: ReturnType<typeof serveNbd>[] = [];
  const port = await listen(t, (socket) =>
    servers.push(serveNbd(socket, image, { exportName: "disk", onFault })),
  );
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const reader = new ByteReader(socket);
  const greeting = await reader.exactly(18);
  t.is(greeting?.toString("hex"), `4e42444d41474943${IHAVEOPT}0003`);
  return { socket, reader, server: () => servers[0]! };
}

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ""), "hex");
const option = (type: number, data: Buffer = Buffer.alloc(0)) =>
  Buffer.concat([hex(IHAVEOPT), uint32(type), uint32(data.length), data]);
const uint32 = (value: number) => hex(value.toString(16).padStart(8, "0"));
const info = (name: string) => Buffer.concat([uint32(name.length), Buffer.from(name), hex("0001 0003")]);

async function answer(reader: ByteReader) {
  const header = (await reader.exactly(20))!;
  const data = (await reader.exactly(header.readUInt32BE(16)))!;
  return [header.readUInt32BE(8), header.readUInt32BE(12), data.toString("hex")];
}

function request(type: number, cookie: number, offset: bigint | number, length: number, flags = 0): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(0x25609513);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(type, 6);
  bytes.writeBigUInt64BE(BigInt(cookie), 8);
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}

async function reply(reader: ByteReader, length = 0) {
  const header = (await reader.exactly(16))!;
  const error = header.readUInt32BE(4);
  const bytes = error === 0 ? await reader.exactly(length) : Buffer.alloc(0);
  return { cookie: Number(header.readBigUInt64BE(8)), error, bytes: bytes! };
}

async function go(socket: Socket, reader: ByteReader): Promise<void> {
  socket.write(Buffer.concat([uint32(3), option(7, info(""))]));
  for (let kind: unknown = 3; kind === 3; ) [, kind] = await answer(reader);
}

test("the handshake answers every option as the protocol has it", async (t) => {
  const { socket, reader } = await client(t, new MemoryImage(pattern(1000)));
  const exportInfo = "0000 00000000000003e8 0103".replace(/ /g, "");
  const blockSizes = "0003 00000001 00010000 02000000".replace(/ /g, "");
  socket.write(uint32(3));
  // STARTTLS, STRUCTURED_REPLY, and one from the future.
  for (const type of [5, 8, 999]) {
    socket.write(option(type));
    t.deepEqual(await answer(reader), [type, 0x8000_0001, ""]);
  }
  socket.write(option(3));
  t.deepEqual(await answer(reader), [3, 2, `00000004${Buffer.from("disk").toString("hex")}`]);
  t.deepEqual(await answer(reader), [3, 1, ""]);
  socket.write(option(3, Buffer.from("x")));
  t.deepEqual(await answer(reader), [3, 0x8000_0003, ""]);
  socket.write(option(6, info("nope")));
  t.deepEqual(await answer(reader), [6, 0x8000_0006, ""]);
  for (const malformed of [Buffer.alloc(5), hex("ffffffff 0000"), hex("00000000 0002 0003")]) {
    socket.write(option(6, malformed));
    t.deepEqual(await answer(reader), [6, 0x8000_0003, ""]);
  }
  socket.write(option(6, Buffer.alloc(9000)));
  t.deepEqual(await answer(reader), [6, 0x8000_0009, ""]);
  for (const [type, name] of [
    [6, ""],
    [7, "disk"],
  ] as const) {
    socket.write(option(type, info(name)));
    t.deepEqual(await answer(reader), [type, 3, exportInfo]);
    t.deepEqual(await answer(reader), [type, 3, blockSizes]);
    t.deepEqual(await answer(reader), [type, 1, ""]);
  }
  socket.write(request(0, 7, 990, 10));
  t.deepEqual(await reply(reader, 10), { cookie: 7, error: 0, bytes: pattern(1000).subarray(990) });
  socket.destroy();
});

test("the option of old clients, and the end of the handshake", async (t) => {
  for (const [flags, zeroes] of [
    [1, 124],
    [3, 0],
    [0, 124],
  ] as const) {
    const { socket, reader } = await client(t, new MemoryImage(pattern(1000)));
    socket.write(Buffer.concat([uint32(flags), option(1, Buffer.from("disk"))]));
    t.is((await reader.exactly(10 + zeroes))?.toString("hex"), `00000000000003e80103${"00".repeat(zeroes)}`);
    socket.write(request(0, 1, 0, 1));
    t.is((await reply(reader, 1)).error, 0);
    socket.write(request(2, 2, 0, 0));
    t.is(await reader.exactly(1), undefined, "the server leaves, too");
  }
  const hangsUp = [
    Buffer.concat([uint32(3), option(1, Buffer.from("other"))]),
    Buffer.concat([uint32(0), option(7, info(""))]),
    Buffer.concat([uint32(8), option(7, info(""))]),
    Buffer.concat([uint32(3), Buffer.alloc(16)]),
    Buffer.concat([uint32(3), option(6).subarray(0, 12), hex("7fffffff")]),
  ];
  for (const bytes of hangsUp) {
    const { socket, reader, server } = await client(t, new MemoryImage(pattern(1000)));
    socket.write(bytes);
    t.is(await reader.exactly(1), undefined);
    await server().ended;
  }
  const { socket, reader } = await client(t, new MemoryImage(pattern(1000)));
  socket.write(Buffer.concat([uint32(3), option(2)]));
  t.deepEqual(await answer(reader), [2, 1, ""]);
  t.is(await reader.exactly(1), undefined);
});

test("what cannot be read or is no read is refused, and the next request is answered", async (t) => {
  const { socket, reader } = await client(t, new MemoryImage(pattern(1000)));
  await go(socket, reader);
  const refused: [Buffer, number][] = [
    [request(0, 1, 1000, 1), 22],
    [request(0, 1, 999, 2), 22],
    [request(0, 1, 0xffff_ffff_ffff_ffffn, 1), 22],
    [request(0, 1, 0, 32 * MIB + 1), 22],
    [request(0, 1, 0, 8, 1), 22],
    [Buffer.concat([request(1, 1, 0, 300_000), Buffer.alloc(300_000)]), 1],
    [request(3, 1, 0, 0), 22],
    [request(4, 1, 0, 512), 1],
    [request(5, 1, 0, 512), 22],
    [request(6, 1, 0, 512), 1],
    [request(77, 1, 0, 512), 22],
  ];
  for (const [bytes, error] of refused) {
    socket.write(bytes);
    t.deepEqual(await reply(reader), { cookie: 1, error, bytes: Buffer.alloc(0) });
  }
  socket.write(request(0, 2, 1000, 0));
  t.is((await reply(reader)).error, 0);
  socket.write(request(0, 3, 0, 1000));
  t.deepEqual((await reply(reader, 1000)).bytes, pattern(1000));
  socket.destroy();
});

test("requests are answered as they come to be ready, and a client that leaves gets all answers", async (t) => {
  const image = new MemoryImage(pattern(MIB));
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  image.before = (offset) => (offset === 0 ? held : undefined);
  const { socket, reader, server } = await client(t, image);
  await go(socket, reader);
  socket.write(Buffer.concat([request(0, 1, 0, 10), request(0, 2, 10, 10), request(2, 3, 0, 0)]));
  t.deepEqual(await reply(reader, 10), { cookie: 2, error: 0, bytes: image.bytes.subarray(10, 20) });
  t.is(server().waiting, 1);
  release();
  t.deepEqual(await reply(reader, 10), { cookie: 1, error: 0, bytes: image.bytes.subarray(0, 10) });
  t.is(await reader.exactly(1), undefined);
  await server().ended;
  t.is(server().waiting, 0);
});

test("a read that fails is EIO to the client, and its error to the host", async (t) => {
  const image = new MemoryImage(pattern(1000));
  const fault = new SourceError("SOURCE_UNREACHABLE", "https://example.com/x: gone");
  image.before = (offset) => {
    if (offset === 100) throw fault;
  };
  const faults: unknown[] = [];
  const { socket, reader } = await client(t, image, (error) => faults.push(error) < 3);
  await go(socket, reader);
  socket.write(request(0, 1, 100, 10));
  t.deepEqual(await reply(reader), { cookie: 1, error: 5, bytes: Buffer.alloc(0) });
  t.deepEqual(faults, [fault]);
  socket.write(request(0, 2, 110, 10));
  t.is((await reply(reader, 10)).error, 0);
  // A client that is to be ended gets no answer.
  faults.push(fault);
  socket.write(Buffer.concat([request(0, 3, 100, 10), request(0, 4, 110, 10)]));
  t.is((await reply(reader, 10)).cookie, 4);
  socket.destroy();
});

test("a client that goes away aborts its reads, which are no faults", async (t) => {
  const image = new MemoryImage(pattern(1000));
  image.before = (_offset, _length, signal) =>
    new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
  const { socket, reader, server } = await client(t, image, () => t.fail() === undefined);
  await go(socket, reader);
  socket.write(request(0, 1, 0, 10));
  while (server().waiting === 0) await new Promise(setImmediate);
  socket.destroy();
  await server().ended;
  t.is(image.underWay, 0);
});

test("a client that asks for much and reads nothing makes the server hold little", async (t) => {
  const image = new MemoryImage(Buffer.alloc(32 * MIB));
  const { socket, reader, server } = await client(t, image);
  await go(socket, reader);
  const count = 500;
  const requests = Array.from({ length: count }, (_, index) => request(0, index, 0, 8 * MIB));
  socket.write(Buffer.concat(requests));
  let begun = 0;
  image.before = () => void begun++;
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  t.true(begun <= 9, `${begun} reads of 8 MiB were begun`);
  const before = begun;
  for (let taken = 0; taken < 3; taken++) t.is((await reply(reader, 8 * MIB)).error, 0);
  while (begun === before) await new Promise(setImmediate);
  t.true(image.most <= 8);
  // Many that ask for little.
  socket.destroy();
  await server().ended;
  const many = new MemoryImage(pattern(1000));
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  many.before = () => held;
  const second = await client(t, many);
  await go(second.socket, second.reader);
  second.socket.write(Buffer.concat(Array.from({ length: 5000 }, (_, index) => request(0, index, 0, 1))));
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  t.is(many.most, 64);
  release();
  for (let taken = 0; taken < 5000; taken++) t.is((await reply(second.reader, 1)).error, 0);
  second.socket.destroy();
  await second.server().ended;
});

test("whatever a client sends, the server ends with it, and reads only what is there", async (t) => {
  const image = new MemoryImage(pattern(5000));
  const port = await listen(t, (socket) => void ended.push(serveNbd(socket, image).ended));
  const ended: Promise<void>[] = [];
  image.before = (offset, length) => {
    if (!(offset >= 0 && length > 0 && offset + length <= image.size)) t.fail(`${length} at ${offset}`);
  };
  const valid = Buffer.concat([
    uint32(3),
    option(8),
    option(3),
    option(7, info("")),
    request(0, 1, 0, 512),
    request(0, 2, 4096, 904),
    request(1, 3, 0, 16),
    Buffer.alloc(16),
    request(0, 4, 17, 1),
  ]);
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
    .map((changes) => {
      const bytes = Buffer.from(valid);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const mixed = fc
    .tuple(fc.nat(valid.length), random)
    .map(([at, tail]) => Buffer.concat([valid.subarray(0, at), tail]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, random, mixed), fc.nat(valid.length), async (bytes, cut) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.write(bytes.subarray(0, cut));
      socket.end(bytes.subarray(cut));
      socket.resume();
      await once(socket, "close");
      await Promise.all(ended.splice(0));
      t.is(image.underWay, 0);
    }),
    { numRuns: 300 },
  );
});
