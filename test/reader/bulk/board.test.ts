import test from "ava";
import { Board } from "../../../reader/bulk/board.ts";

test("a slot is free, asked for, taken, done and free again", (t) => {
  const board = Board.create([64, 64]);
  const other = new Board(board.memory);
  t.deepEqual(board.free(), [0, 1]);
  board.post(1);
  t.deepEqual(board.free(), [0]);
  t.false(board.isDone(1));
  t.is(other.take(), 1);
  t.false(board.withdraw(1), "it is taken");
  other.finish(1);
  t.true(board.isDone(1));
  t.deepEqual(board.free(), [0]);
  board.release(1);
  t.deepEqual(board.free(), [0, 1]);
});

test("what nobody has taken can be withdrawn, once", (t) => {
  const board = Board.create([64]);
  board.post(0);
  t.true(board.withdraw(0));
  t.false(board.withdraw(0));
  t.deepEqual(board.free(), [0]);
});

test("what was posted first is taken first, whatever its slot", (t) => {
  const board = Board.create([64, 64, 64]);
  for (const slot of [2, 0, 1]) board.post(slot);
  t.deepEqual([board.take(), board.take(), board.take()], [2, 0, 1]);
});

test("the contents are the same memory on both sides", (t) => {
  const board = Board.create([64]);
  const other = new Board(board.memory);
  other.batches[0]!.memory[5] = 7;
  other.batches[0]!.places[1] = -2;
  t.is(board.batches[0]!.memory[5], 7);
  t.is(board.batches[0]!.places[1], -2);
});

test("who waits for something to finish is told, also if it has finished already", async (t) => {
  const board = Board.create([64]);
  const before = board.finished;
  const waiting = board.finishedSince(before);
  board.post(0);
  board.finish(board.take());
  await waiting;
  await board.finishedSince(before);
  t.is(board.finished, before + 1);
});
