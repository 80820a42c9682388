import test from "ava";
import { FILES, keyOf, LAYOUTS, NO_VALUES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

for (const layout of LAYOUTS) {
  test(`get returns the content of each file as git has it, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const path of FILES) {
      t.true(sample.content(path).equals(store.get(keyOf(path))), JSON.stringify(path));
    }
  });
}

test("get follows a link", (t) => {
  const store = openSample();
  t.deepEqual(Buffer.from(store.get("link")), sample.content("file"));
  t.deepEqual(Buffer.from(store.get("link-to-folder/inner")), sample.content("folder/inner"));
});

test("get returns memory of the caller's own", (t) => {
  const store = openSample();
  store.get("file").fill(0);
  store.get("versions/2").fill(0);
  t.deepEqual(Buffer.from(store.get("file")), sample.content("file"));
  t.true(sample.content("versions/1").equals(store.get("versions/1")));
});

testRefusals(test, "get", (store, key) => store.get(key), [...UNRESOLVED, ...NO_VALUES]);
