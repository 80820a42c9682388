import { inflateSync } from "node:zlib";
import test from "ava";
import { FILES, keyOf, NO_VALUES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("openCompressed returns the zlib stream of each undeltified file", (t) => {
  const store = openSample();
  let streams = 0;
  for (const path of FILES) {
    const blob = store.openCompressed(keyOf(path));
    if (blob === undefined) continue;
    streams++;
    const content = sample.content(path);
    t.is(blob.size, content.length);
    t.true(blob.verify());
    t.true(inflateSync(blob.read(0, blob.length!)).equals(content), path);
    blob.close();
  }
  t.is(streams, FILES.length - 1);
});

test("openCompressed returns undefined for a file that is stored as a delta", (t) => {
  const store = openSample();
  const deltas = ["versions/1", "versions/2"].filter((path) => store.openCompressed(path) === undefined);
  t.is(deltas.length, 1);
});

test("openCompressed has no length before the blob is verified", (t) => {
  const blob = openSample().openCompressed("large")!;
  t.is(blob.length, undefined);
  t.false(blob.verify(1));
  t.throws(() => blob.read(0, 1));
  t.true(blob.verify());
  t.true(blob.length! > 0);
});

test("openCompressed follows a link", (t) => {
  t.is(openSample().openCompressed("link")!.size, sample.content("file").length);
});

testRefusals(test, "openCompressed", (store, key) => store.openCompressed(key), [
  ...UNRESOLVED,
  ...NO_VALUES,
]);
