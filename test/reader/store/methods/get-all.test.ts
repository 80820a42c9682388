import test from "ava";
import { DocteurError } from "../../../../reader/errors.ts";
import type { Key } from "../../../../reader/store/store.ts";
import { FILES, keyOf, LAYOUTS, NO_VALUES, openSample, sample, UNRESOLVED } from "./sample.ts";

for (const layout of LAYOUTS) {
  test(`getAll yields the content of each file in the order of the keys, ${layout}`, async (t) => {
    const paths = [...FILES, ...FILES.toReversed()];
    const keys = paths.map(keyOf);
    let i = 0;
    for await (const { key, value } of openSample({ layout }).getAll(keys)) {
      t.is(key, keys[i]!);
      t.true(value instanceof Uint8Array && sample.content(paths[i]!).equals(value), paths[i]!);
      i++;
    }
    t.is(i, keys.length);
  });

  test(`getAll yields the error that get throws, in the order of the keys, ${layout}`, async (t) => {
    const store = openSample({ layout });
    const refusals = [...UNRESOLVED, ...NO_VALUES];
    const keys = refusals.flatMap(([key]) => [key, "file"]);
    const values: (Uint8Array | DocteurError)[] = [];
    for await (const { value } of store.getAll(keys)) {
      values.push(value instanceof Uint8Array ? Uint8Array.from(value) : value);
    }
    t.is(values.length, keys.length);
    for (const [i, [key, Class, code]] of refusals.entries()) {
      const error = values[2 * i];
      t.true(error instanceof Class, key);
      t.like(error, { code });
      t.is((error as Error).message, t.throws(() => store.get(key)).message);
      t.deepEqual(Buffer.from(values[2 * i + 1] as Uint8Array), sample.content("file"));
    }
  });
}

test("getAll follows a link", async (t) => {
  for await (const { value } of openSample().getAll(["link"])) {
    t.deepEqual(Buffer.from(value as Uint8Array), sample.content("file"));
  }
});

test("getAll yields an error for a value that is larger than `largest`", async (t) => {
  const keys = ["large", "versions/2", "file"];
  const codes: string[] = [];
  for await (const { key, value } of openSample().getAll(keys, { largest: 1000 })) {
    codes.push(value instanceof DocteurError ? value.code : "none");
    if (value instanceof DocteurError) t.true(value.message.startsWith(`${key}: `), value.message);
  }
  t.deepEqual(codes, ["OBJECT_TOO_LARGE", "OBJECT_TOO_LARGE", "none"]);
});

test("getAll of no keys yields nothing", async (t) => {
  const none: Key[] = [];
  t.deepEqual(await openSample().getAll(none).next(), { done: true, value: undefined });
});
