import test from "ava";
import { FILES, keyOf, NO_VALUES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("size returns the bytes of each file, deltas included", (t) => {
  const store = openSample();
  for (const path of FILES) t.is(store.size(keyOf(path)), sample.content(path).length, path);
  t.is(store.size("empty"), 0);
});

test("size follows a link", (t) => {
  t.is(openSample().size("link"), sample.content("file").length);
});

testRefusals(test, "size", (store, key) => store.size(key), [...UNRESOLVED, ...NO_VALUES]);
