import test from "ava";
import { batchIn, batchLength, LEFT, TOO_LARGE, UNREAD } from "../../../reader/bulk/batch.ts";
import { type Ask, Job, LEFT_ALONE } from "../../../reader/bulk/job.ts";

interface Named extends Ask {
  readonly name: string;
}

const asks = (...names: string[]): Named[] =>
  names.map((name) => ({ name, ...(name.startsWith("-") ? {} : { id: Buffer.from(name) }) }));

function batchOf(...ranges: number[]) {
  const batch = batchIn(new ArrayBuffer(batchLength(8)));
  batch.memory.set(Buffer.from("contents"));
  batch.ranges.fill(UNREAD);
  batch.ranges.set(ranges);
  return batch;
}

function told(job: Job<Named>) {
  let blob = 0;
  return job.asks.map(({ name, id }) => {
    const content = id && job.content(blob++);
    return [name, content && Buffer.from(content).toString()];
  });
}

const names = (job: Job<Named>) => job.asks.map(({ name }) => name);

test("contents are told apart from what is left, and from what never had an id", (t) => {
  const job = new Job(asks("a", "-", "b", "c"));
  job.batch = batchOf(0, 3, LEFT, 0, 3, 8);
  t.deepEqual(job.split(), []);
  t.deepEqual(told(job), [
    ["a", "con"],
    ["-", undefined],
    ["b", undefined],
    ["c", "tents"],
  ]);
});

test("what did not fit is split off once, in jobs of as many as did fit", (t) => {
  const job = new Job(asks("a", "-", "b", "c", "d", "-", "e"));
  t.deepEqual(job.split(), [], "nothing has been read yet");
  job.batch = batchOf(0, 3);
  const rest = job.split();
  t.deepEqual(told(job), [
    ["a", "con"],
    ["-", undefined],
  ]);
  t.deepEqual(rest.map(names), [["b", "c"], ["d", "-"], ["e"]]);
  t.deepEqual(job.split(), []);
});

test("a job that is left alone has no contents", (t) => {
  const job = new Job(asks("a"));
  job.batch = LEFT_ALONE;
  t.deepEqual(job.split(), []);
  t.deepEqual(told(job), [["a", undefined]]);
});

test("a blob that is too large is split from those behind it, and read again with ever larger batches", (t) => {
  const job = new Job(asks("a", "b", "c"));
  t.false(job.needsLargerBatch, "nothing has been read yet");
  job.batch = batchOf(TOO_LARGE);
  t.deepEqual(job.split().map(names), [["b", "c"]]);
  t.true(job.needsLargerBatch);
  job.promote();
  t.true(job.batch === undefined);
  t.is(job.batchSize, "large");

  job.batch = batchOf(TOO_LARGE);
  job.slot = 0;
  t.true(job.needsLargerBatch, "a thread has smaller batches than this one");
  job.promote();
  t.true(job.slot === undefined);
  t.is(job.batchSize, "largest");

  job.batch = batchOf(TOO_LARGE);
  t.deepEqual(job.split(), []);
  t.false(job.needsLargerBatch, "there is no more");
  t.deepEqual(told(job), [["a", undefined]]);
});
