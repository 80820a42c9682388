import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { openFileDevice } from "../../../../reader/block/file.ts";
import { InvalidImageError } from "../../../../reader/errors.ts";
import { SHA256 } from "../../../../reader/node-platform.ts";
import { connect } from "../../../../reader/store/connect.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { makeImage, whole } from "../../pack-fixture.ts";
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

for (const id of ["", "file", "12", "zz".repeat(20), "12".repeat(21), "12".repeat(32), "zz".repeat(32)]) {
  test(`getAllById refuses ${JSON.stringify(id)}, which is no id`, async (t) => {
    await t.throwsAsync(openSample().getAllById([id]).next(), { instanceOf: RangeError });
  });
}

test("getAllById of a SHA-256 image takes ids of 64 digits, and refuses those of 40, with threads or without", async (t) => {
  const blob = whole("blob", "content", SHA256);
  const folder = temporaryFolder(t);
  const path = join(folder, "x.img");
  writeFileSync(path, makeImage({ a: blob }, [], SHA256));
  for (const threads of [1, 2]) {
    const store = connect(openFileDevice(path), { threads });
    t.teardown(() => store.close());
    const missing = "12".repeat(32);
    const ids = [blob.id, missing, blob.id.toUpperCase()];
    const values: unknown[] = [];
    for await (const { id, value } of store.getAllById(ids)) {
      values.push(
        value instanceof InvalidImageError ? value.fault : [id, Buffer.from(value as Uint8Array).toString()],
      );
    }
    t.deepEqual(values, [[blob.id, "content"], "object-missing", [blob.id.toUpperCase(), "content"]]);
    for (const id of ["12".repeat(20), blob.id.slice(0, 40), `${blob.id}00`, ""]) {
      await t.throwsAsync(store.getAllById([id]).next(), { instanceOf: RangeError }, id);
    }
  }
});
