import test from "ava";
import { InvalidImageError } from "../../../../reader/errors.ts";
import { FILES, idOf, openSample, SUBMODULE, sample } from "./sample.ts";

test("getAllById yields the content of each blob in the order of the ids", async (t) => {
  const ids = FILES.map(idOf);
  let i = 0;
  for await (const { id, value } of openSample().getAllById(ids)) {
    t.is(id, ids[i]!);
    t.true(value instanceof Uint8Array && sample.content(FILES[i]!).equals(value), FILES[i]!);
    i++;
  }
  t.is(i, ids.length);
});

test("getAllById yields the target of a link, which is its blob", async (t) => {
  for await (const { value } of openSample().getAllById([idOf("link")])) {
    t.is(Buffer.from(value as Uint8Array).toString(), "file");
  }
});

test("getAllById yields an error for an id that is missing, or of no blob", async (t) => {
  const ids = ["00".repeat(20), SUBMODULE, sample.root, idOf("folder")];
  const faults: (string | undefined)[] = [];
  for await (const { value } of openSample().getAllById(ids)) {
    faults.push(value instanceof InvalidImageError ? value.fault : undefined);
  }
  t.deepEqual(faults, ["object-missing", "object-missing", "object-kind", "object-kind"]);
});

for (const id of ["", "file", "12", "zz".repeat(20), "12".repeat(21)]) {
  test(`getAllById refuses ${JSON.stringify(id)}, which is no id`, async (t) => {
    await t.throwsAsync(openSample().getAllById([id]).next(), { instanceOf: RangeError });
  });
}
