import { crc32, inflateRawSync } from "node:zlib";
import test from "ava";
import { ArchiveFiles } from "../../../guest/http/archive-files.ts";
import { Contents } from "../../../guest/http/contents.ts";
import { copy, delta, insert, makeImage, ofsDelta, open, whole } from "../../reader/pack-fixture.ts";
import { STORY } from "./site-image.ts";

const BASE = Buffer.alloc(3 << 20, STORY);
const TARGET = Buffer.concat([BASE, Buffer.from("!")]);
const first = whole("blob", BASE);
const second = ofsDelta(
  first.id,
  delta(BASE.length, TARGET.length, copy(0, BASE.length), insert(Buffer.from("!"))),
  TARGET,
);
const IMAGE = makeImage({ first, second });
const PATH = Buffer.from("second");

/** Reads files of the image. @param answers whether there is memory, each time that it is asked for. */
function reading(...answers: boolean[]) {
  const store = open(IMAGE);
  const taken: number[] = [];
  let isWanted = true;
  const files = new ArchiveFiles(store, {
    contents: new Contents(store),
    takeMemory: async (bytes) => {
      if (answers.shift() === false) return undefined;
      taken.push(bytes);
      return () => taken.splice(taken.indexOf(bytes), 1);
    },
    isWanted: () => isWanted,
  });
  const leave = () => {
    isWanted = false;
  };
  return { files, taken, leave };
}

async function all(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) read.push(piece);
  return Buffer.concat(read);
}

test("a large delta is compressed where there is memory, and all memory is released", async (t) => {
  const { files, taken } = reading();
  const { method, crc, size, stored, pieces, close } = await files.zipped(PATH, second.id);
  t.deepEqual([method, crc, size], [8, crc32(TARGET), TARGET.length]);
  t.deepEqual(taken, [TARGET.length], "that of the content is released, that of the compressed one is not");
  const bytes = await all(pieces);
  t.is(bytes.length, stored);
  t.true(inflateRawSync(bytes).equals(TARGET));
  close();
  t.deepEqual(taken, []);
});

test("a large delta is stored where there is no memory to compress it", async (t) => {
  const { files, taken } = reading(true, false);
  const { method, crc, size, stored, pieces, close } = await files.zipped(PATH, second.id);
  t.deepEqual([method, crc, size, stored], [0, crc32(TARGET), TARGET.length, TARGET.length]);
  t.true((await all(pieces)).equals(TARGET));
  close();
  t.deepEqual(taken, []);
});

test("a large delta waits for memory, and no longer than its client", async (t) => {
  const waiting = reading(false, false, true);
  const file = await waiting.files.plain(PATH, second.id);
  t.true((await all(file.pieces)).equals(TARGET));
  file.close();
  t.deepEqual(waiting.taken, []);
  const left = reading(false, false);
  left.leave();
  await t.throwsAsync(left.files.plain(PATH, second.id), { code: "REQUEST_ABANDONED" });
});
