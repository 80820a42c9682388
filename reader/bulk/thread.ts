// A thread that reads what is submitted to a work queue: a program of its own, and no larger than that takes,
// because a thread compiles again all that it loads.
import { workerData } from "node:worker_threads";
import { openFileDevice } from "../block/file.ts";
import { openObjects } from "../image/open-objects.ts";
import { readBatch } from "./batch.ts";
import type { ThreadTask } from "./thread-pool.ts";
import { WorkQueue } from "./work-queue.ts";

const { path, options, queue: memory } = workerData as ThreadTask;
const { objects } = openObjects(openFileDevice(path), options);
const queue = new WorkQueue(memory);
for (;;) {
  const slot = queue.take();
  readBatch(objects, queue.batches[slot]!);
  queue.finish(slot);
}
