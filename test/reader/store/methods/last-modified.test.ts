import test from "ava";
import { keyOf, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("lastModified returns the commit's date for every entry", (t) => {
  const store = openSample();
  for (const [path, { mode }] of sample.entries) {
    if (mode !== "120000") t.is(store.lastModified(keyOf(path)).getTime(), sample.date * 1000, path);
  }
  t.is(store.lastModified("").getTime(), sample.date * 1000);
  t.is(store.lastModified("link").getTime(), sample.date * 1000);
});

testRefusals(test, "lastModified", (store, key) => store.lastModified(key), UNRESOLVED);
