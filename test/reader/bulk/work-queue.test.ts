import test from "ava";
import { WorkQueue } from "../../../reader/bulk/work-queue.ts";

test("a slot is free, asked for, taken, done and free again", (t) => {
  const queue = WorkQueue.create([64, 64]);
  const other = new WorkQueue(queue.memory);
  t.deepEqual(queue.free(), [0, 1]);
  queue.submit(1);
  t.deepEqual(queue.free(), [0]);
  t.false(queue.isDone(1));
  t.is(other.take(), 1);
  t.false(queue.withdraw(1), "it is taken");
  other.finish(1);
  t.true(queue.isDone(1));
  t.deepEqual(queue.free(), [0]);
  queue.release(1);
  t.deepEqual(queue.free(), [0, 1]);
});

test("what nobody has taken can be withdrawn, once", (t) => {
  const queue = WorkQueue.create([64]);
  queue.submit(0);
  t.true(queue.withdraw(0));
  t.false(queue.withdraw(0));
  t.deepEqual(queue.free(), [0]);
});

test("what was submitted first is taken first, whatever its slot", (t) => {
  const queue = WorkQueue.create([64, 64, 64]);
  for (const slot of [2, 0, 1]) queue.submit(slot);
  t.deepEqual([queue.take(), queue.take(), queue.take()], [2, 0, 1]);
});

test("the contents are the same memory on both sides", (t) => {
  const queue = WorkQueue.create([64]);
  const other = new WorkQueue(queue.memory);
  other.batches[0]!.memory[5] = 7;
  other.batches[0]!.ranges[1] = -2;
  t.is(queue.batches[0]!.memory[5], 7);
  t.is(queue.batches[0]!.ranges[1], -2);
});

test("a wait for a job ends when it finishes, also if it has finished already", async (t) => {
  const queue = WorkQueue.create([64]);
  const before = queue.finished;
  const waiting = queue.finishedSince(before);
  queue.submit(0);
  queue.finish(queue.take());
  await waiting;
  await queue.finishedSince(before);
  t.is(queue.finished, before + 1);
});
