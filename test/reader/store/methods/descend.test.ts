import test from "ava";
import type { Store } from "../../../../reader/store/store.ts";
import { NO_DICTIONARIES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

function pathsBelow(store: Store, key: string, start?: Uint8Array): string[] {
  const descent = store.descend(key, start);
  const paths: string[] = [];
  while (descent?.next()) paths.push(Buffer.from(descent.path).toString("latin1"));
  return paths;
}

test("descend goes through all that git lists, in git's order", (t) => {
  t.deepEqual(pathsBelow(openSample(), "/"), [...sample.entries.keys()]);
});

test("descend goes through what is below a folder, with paths from there", (t) => {
  const store = openSample();
  t.deepEqual(pathsBelow(store, "folder"), ["deep", "deep/leaf", "inner"]);
  t.deepEqual(pathsBelow(store, "link-to-folder"), ["deep", "deep/leaf", "inner"]);
  t.deepEqual(pathsBelow(store, "folder", Buffer.from("a/b")), ["a/b/deep", "a/b/deep/leaf", "a/b/inner"]);
  t.deepEqual(pathsBelow(store, "hollow"), []);
});

test("descend returns undefined for a submodule", (t) => {
  t.is(openSample().descend("module"), undefined);
});

testRefusals(test, "descend", (store, key) => store.descend(key), [...UNRESOLVED, ...NO_DICTIONARIES]);
