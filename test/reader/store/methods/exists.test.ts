import test from "ava";
import { keyOf, LAYOUTS, openSample, sample, UNRESOLVED } from "./sample.ts";

for (const layout of LAYOUTS) {
  test(`exists returns the kind of what a key names, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const [path, { mode }] of sample.entries) {
      if (mode === "120000") continue;
      const expected = mode.startsWith("100") ? "value" : "dictionary";
      t.is(store.exists(keyOf(path)), expected, JSON.stringify(path));
    }
    t.is(store.exists(""), "dictionary");
    t.is(store.exists("/"), "dictionary");
    t.is(store.exists("folder/"), "dictionary");
  });

  test(`exists returns undefined for a key that names nothing, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const [key] of UNRESOLVED) t.is(store.exists(key), undefined, key);
  });
}

test("exists follows a link", (t) => {
  const store = openSample();
  t.is(store.exists("link"), "value");
  t.is(store.exists("link-to-folder"), "dictionary");
});
