import test from "ava";
import { memoryDevice } from "../../../../reader/block/memory.ts";
import { connect } from "../../../../reader/store/connect.ts";
import { FILES, keyOf, NO_VALUES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("stream yields the content of each file in pieces", async (t) => {
  const store = openSample();
  for (const path of FILES) {
    const pieces: Buffer[] = [];
    for await (const piece of store.stream(keyOf(path))) pieces.push(Buffer.from(piece));
    t.true(Buffer.concat(pieces).equals(sample.content(path)), path);
    if (path === "large") t.true(pieces.length > 1);
  }
});

test("stream yields nothing of a damaged file", async (t) => {
  const image = Buffer.from(sample.image);
  const store = openSample();
  const blob = store.openCompressed("large")!;
  blob.verify();
  const stream = Buffer.from(blob.read(0, blob.length!));
  image[image.indexOf(stream) + stream.length - 100]! ^= 1;
  const damaged = connect(memoryDevice(image)).stream("large");
  await t.throwsAsync(damaged.next(), { code: "INVALID_IMAGE" });
});

test("stream may be left early", async (t) => {
  for await (const piece of openSample().stream("large")) {
    t.true(piece.length > 0);
    break;
  }
});

test("stream follows a link", async (t) => {
  for await (const piece of openSample().stream("link")) {
    t.deepEqual(Buffer.from(piece), sample.content("file"));
  }
});

testRefusals(test, "stream", (store, key) => store.stream(key), [...UNRESOLVED, ...NO_VALUES]);
