import test from "ava";
import { DocteurError } from "../../../../reader/errors.ts";
import { keyOf, LAYOUTS, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

for (const layout of LAYOUTS) {
  test(`readLink returns the target of each link as git has it, ${layout}`, (t) => {
    const store = openSample({ layout });
    for (const [path, { mode }] of sample.entries) {
      if (mode === "120000") t.deepEqual(Buffer.from(store.readLink(keyOf(path))), sample.content(path));
    }
  });
}

for (const key of [
  "file",
  "empty",
  "executable",
  "folder",
  "hollow",
  "module",
  "/",
  "link-to-folder/inner",
]) {
  test(`readLink of ${JSON.stringify(key)} fails with NOT_A_LINK`, (t) => {
    t.throws(() => openSample().readLink(key), {
      instanceOf: DocteurError,
      code: "NOT_A_LINK",
      message: `${key}: not a symbolic link`,
    });
  });
}

test("readLink returns memory of the caller's own", (t) => {
  const store = openSample();
  store.readLink("link").fill(0);
  t.is(Buffer.from(store.readLink("link")).toString(), "file");
});

testRefusals(
  test,
  "readLink",
  (store, key) => store.readLink(key),
  UNRESOLVED.filter(([key]) => !["dangling", "climbing", "loop"].includes(key)),
);
