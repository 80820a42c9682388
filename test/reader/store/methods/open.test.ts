import test from "ava";
import { FILES, keyOf, NO_VALUES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("open returns a reader of any part of each file", (t) => {
  const store = openSample();
  for (const path of FILES) {
    const reader = store.open(keyOf(path));
    const content = sample.content(path);
    t.is(reader.size, content.length);
    for (const position of [0, content.length >> 1, Math.max(0, content.length - 3), 0]) {
      const into = Buffer.alloc(8);
      const read = reader.read(position, into);
      t.deepEqual(into.subarray(0, read), content.subarray(position, position + 8));
    }
    t.true(reader.verify());
    t.true(reader.verified);
    reader.close();
  }
});

test("open streams a large undeltified file, and has any other in memory", (t) => {
  const store = openSample();
  t.deepEqual(
    ["large", "file", "empty", "versions/1"].map((path) => store.open(path).streams),
    [true, false, false, false],
  );
  t.is(store.open("large").whole, undefined);
  t.deepEqual(Buffer.from(store.open("file").whole!), sample.content("file"));
});

test("open follows a link", (t) => {
  t.is(openSample().open("link").size, sample.content("file").length);
});

testRefusals(test, "open", (store, key) => store.open(key), [...UNRESOLVED, ...NO_VALUES]);
