import test from "ava";
import { batchIn, batchLength, LEFT, TOO_LARGE, UNREAD } from "../../../reader/bulk/batch.ts";
import { type Ask, Job, LEFT_ALONE } from "../../../reader/bulk/job.ts";

interface Named extends Ask {
  readonly name: string;
}

const asks = (...names: string[]): Named[] =>
  names.map((name) => ({ name, ...(name.startsWith("-") ? {} : { id: Buffer.from(name) }) }));

function batchOf(...places: number[]) {
  const batch = batchIn(new ArrayBuffer(batchLength(8)));
  batch.memory.set(Buffer.from("contents"));
  batch.places.fill(UNREAD);
  batch.places.set(places);
  return batch;
}

const told = (job: Job<Named>) =>
  Array.from(job.contents(), ({ ask, content }) => [ask.name, content && Buffer.from(content).toString()]);

test("contents are told apart from what is left, and from what never had an id", (t) => {
  const job = new Job(asks("a", "-", "b", "c"));
  t.deepEqual(job.ids.map(String), ["a", "b", "c"]);
  job.batch = batchOf(0, 3, LEFT, 0, 3, 8);
  t.deepEqual(job.cut(), []);
  t.deepEqual(told(job), [
    ["a", "con"],
    ["-", undefined],
    ["b", undefined],
    ["c", "tents"],
  ]);
});

test("what did not fit is cut off once, in jobs of as many as did fit", (t) => {
  const job = new Job(asks("a", "-", "b", "c", "d", "-", "e"));
  t.deepEqual(job.cut(), [], "nothing has been read yet");
  job.batch = batchOf(0, 3);
  const rest = job.cut();
  t.deepEqual(told(job), [
    ["a", "con"],
    ["-", undefined],
  ]);
  t.deepEqual(
    rest.map(({ ids }) => ids.map(String)),
    [["b", "c"], ["d"], ["e"]],
  );
  t.deepEqual(job.cut(), []);
});

test("a job that is left alone has no contents", (t) => {
  const job = new Job(asks("a"));
  job.batch = LEFT_ALONE;
  t.deepEqual(job.cut(), []);
  t.deepEqual(told(job), [["a", undefined]]);
});

test("a blob that is too large is cut from those behind it, and read again with ever more room", (t) => {
  const job = new Job(asks("a", "b", "c"));
  t.false(job.needsMoreRoom, "nothing has been read yet");
  job.batch = batchOf(TOO_LARGE);
  t.deepEqual(
    job.cut().map(({ ids }) => ids.map(String)),
    [["b", "c"]],
  );
  t.true(job.needsMoreRoom);
  job.enlarge();
  t.true(job.batch === undefined);
  t.is(job.room, "large");

  job.batch = batchOf(TOO_LARGE);
  job.slot = 0;
  t.true(job.needsMoreRoom, "a thread has less room than there is");
  job.enlarge();
  t.true(job.slot === undefined);
  t.is(job.room, "largest");

  job.batch = batchOf(TOO_LARGE);
  t.deepEqual(job.cut(), []);
  t.false(job.needsMoreRoom, "there is no more");
  t.deepEqual(told(job), [["a", undefined]]);
});
