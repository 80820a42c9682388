import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { openFileDevice } from "../../../reader/block/file.ts";
import { fillBatch } from "../../../reader/bulk/batch.ts";
import { NodeThreadPool, threadProgram } from "../../../reader/bulk/threads.ts";
import { WorkQueue } from "../../../reader/bulk/work-queue.ts";
import { objectId } from "../../../reader/git/object.ts";
import { hex, raw } from "../../../reader/git/object-id.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { connect } from "../../../reader/store/connect.ts";
import { makeThreadProgram } from "../../../vm/artifacts/bundle.ts";
import { FIXTURES } from "../../fixtures.ts";

const SIMILAR = join(FIXTURES, "similar.img");
const folder = mkdtempSync(join(tmpdir(), "docteur-test-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

// A store reads all the same where its threads do not; only here it is seen that they do.
for (const [name, program, inflate] of [
  ["from the sources", async () => threadProgram(), "zlib"],
  ["as a bundle", bundled, "zlib"],
  ["as a bundle, with the portable inflater", bundled, "pako"],
] as const) {
  test(`a thread, its program ${name}, reads what is submitted`, async (t) => {
    const store = connect(openFileDevice(SIMILAR));
    t.teardown(() => store.close());
    const ids = Array.from(store.prefix(""), ({ id }) => id).slice(0, 20);
    const queue = WorkQueue.create([1024 * 1024]);
    const [batch] = queue.batches as [(typeof queue.batches)[0]];
    const task = { path: SIMILAR, options: { inflate }, queue: queue.memory };
    const threads = new NodeThreadPool(await program(), 1, task);
    t.teardown(() => threads.close());
    const { finished } = queue;
    fillBatch(
      batch,
      ids.map((id) => ({ id: raw(id) })),
    );
    queue.submit(0);
    await threads.meanwhile(queue.finishedSince(finished));
    t.true(queue.isDone(0));
    const read = ids.map((_, i) => {
      const [start, end] = batch.ranges.subarray(i * 2);
      return hex(objectId("blob", batch.memory.subarray(start, end), SHA1));
    });
    t.deepEqual(read, ids);
  });
}

async function bundled(): Promise<URL> {
  const into = mkdtempSync(join(folder, "bundle-"));
  await makeThreadProgram(into);
  return pathToFileURL(join(into, "store-thread.cjs"));
}

test("the death of a thread fails what waits for it", async (t) => {
  const queue = WorkQueue.create([1024]);
  const task = { path: join(folder, "no image"), options: {}, queue: queue.memory };
  const threads = new NodeThreadPool(threadProgram(), 1, task);
  t.teardown(() => threads.close());
  // It comes from another thread, and so is none of this one's errors.
  const death = await t.throwsAsync(threads.meanwhile(queue.finishedSince(queue.finished)), { any: true });
  t.is((death as { code?: string } | undefined)?.code, "IMAGE_NOT_FOUND");
});
