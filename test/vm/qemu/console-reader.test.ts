import { once } from "node:events";
import { PassThrough, Readable, Writable } from "node:stream";
import test from "ava";
import fc from "fast-check";
import { ConsoleReader } from "../../../vm/qemu/console-reader.ts";
import { Tail } from "../../../vm/qemu/tail.ts";
import { Collector } from "../fixture.ts";
import { EndlessInput, settle } from "../hostile-channel.ts";

const PIECE = 64 * 1024;

/** A reader that takes nothing. */
const stalled = () => new Writable({ highWaterMark: PIECE, write: () => {} });

test("a flooded console waits until its copy is read", async (t) => {
  const sources = [new EndlessInput({ highWaterMark: PIECE }), new EndlessInput({ highWaterMark: PIECE })];
  const copy = stalled();
  new ConsoleReader(sources, copy);
  await settle();
  t.is(copy.writableLength, PIECE);
  for (const { given } of sources) t.true(given <= 3 * PIECE, "and what a stream always reads ahead");
  for (const source of sources) source.destroy();
});

test("the whole console is copied, in order, and its end is kept", async (t) => {
  const source = new PassThrough();
  const copy = new Collector();
  const reader = new ConsoleReader([source], copy);
  for (let count = 0; count < 1000; count++) source.write(`line ${count}\n`);
  source.end();
  await once(source, "close");
  await settle();
  t.is(copy.text, Array.from({ length: 1000 }, (_, count) => `line ${count}\n`).join(""));
  t.deepEqual(reader.tail.lines(2), ["line 998", "line 999"]);
});

test("a console without a copy, or whose copy has failed, is read all the same", async (t) => {
  const closed = new PassThrough();
  closed.destroy();
  const ended = new Collector();
  ended.end();
  const full = new Writable({ write: (_piece, _encoding, done) => done(new Error("no space")) });
  for (const copy of [undefined, closed, ended, full]) {
    const source = Readable.from([Buffer.alloc(PIECE), Buffer.alloc(PIECE), Buffer.from("\nlast\n")]);
    const reader = new ConsoleReader([source], copy);
    await once(source, "end");
    t.deepEqual(reader.tail.lines(1), ["last"]);
  }
});

test("the console of a process that has ended is read without waiting, within a bound", async (t) => {
  const source = new PassThrough();
  const copy = stalled();
  const reader = new ConsoleReader([source], copy);
  for (let count = 0; count < 200; count++) source.write(Buffer.alloc(PIECE));
  source.end("\nlast\n");
  await settle();
  t.is(copy.writableLength, PIECE);
  reader.stopWaiting();
  await once(source, "end");
  t.deepEqual(reader.tail.lines(1), ["last"]);
  copy.destroy();
});

test("the tail of a stream is its last bytes, in pieces of any size", (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 50 })),
      (limit, pieces) => {
        const tail = new Tail(limit);
        for (const piece of pieces) tail.push(Buffer.from(piece));
        const kept = pieces.join("").slice(-limit);
        const lines = kept.split("\n").filter((line) => line !== "");
        t.deepEqual(tail.lines(Number.POSITIVE_INFINITY), lines);
      },
    ),
  );
});

test("the lines of a tail have no control characters", (t) => {
  const tail = new Tail();
  tail.push(Buffer.from("a\x1b[31mred\x1b]0;title\x07\x9b2J\u202eback\u0085\x7f é \u{1f600}\tb\r\n"));
  t.deepEqual(tail.lines(1), ["ared]0;title2Jback é \u{1f600}\tb"]);
});
