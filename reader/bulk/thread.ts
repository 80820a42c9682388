// A thread that reads what is posted on a board: a program of its own, of no more than that takes, because a thread compiles
// all that it loads once more.
import { workerData } from "node:worker_threads";
import { openFileDevice } from "../block/file.ts";
import { openObjects } from "../image/open-objects.ts";
import { readBatch } from "./batch.ts";
import { Board } from "./board.ts";
import type { ThreadTask } from "./thread-pool.ts";

const { path, options, board: memory } = workerData as ThreadTask;
const { objects } = openObjects(openFileDevice(path), options);
const board = new Board(memory);
for (;;) {
  const slot = board.take();
  readBatch(objects, board.batches[slot]!);
  board.finish(slot);
}
