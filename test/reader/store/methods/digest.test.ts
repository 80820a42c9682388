import test from "ava";
import { idOf, keyOf, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("digest returns git's id of each file, folder and submodule", (t) => {
  const store = openSample();
  for (const [path, { mode, id }] of sample.entries) {
    if (mode !== "120000") t.is(store.digest(keyOf(path)), id, path);
  }
  t.is(store.digest("/"), sample.root);
});

test("digest follows a link", (t) => {
  const store = openSample();
  t.is(store.digest("link"), idOf("file"));
  t.is(store.digest("link-to-folder"), idOf("folder"));
});

testRefusals(test, "digest", (store, key) => store.digest(key), UNRESOLVED);
