import { pathToFileURL } from "node:url";
import type { Worker } from "node:worker_threads";
import type { PlatformThreads, ThreadPool, ThreadTask } from "./thread-pool.ts";

/**
 * A thread makes little garbage, and none that lives: it needs less memory for it than V8 takes by default,
 * in MB.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 2 };

/**
 * Not imported at the top: in a machine, which has one CPU and no threads, to load it takes an eighth of a
 * second.
 */
const workerThreads = () => process.getBuiltinModule("node:worker_threads");

/** Threads of Node. */
export const NODE_THREADS: PlatformThreads = {
  available: () => process.getBuiltinModule("node:os").availableParallelism(),
  start: (count, task) => new NodeThreadPool(threadProgram(), count, task),
};

/**
 * What the threads run: beside this file, whether that is a source or a bundle, which vm/artifacts/bundle.ts
 * puts it beside.
 */
export function threadProgram(): URL {
  // A bundle in CommonJS has no `import.meta`.
  const here = typeof __filename === "string" ? pathToFileURL(__filename) : new URL(import.meta.url);
  return new URL(here.pathname.endsWith(".ts") ? "./thread.ts" : "./store-thread.cjs", here);
}

/** Worker threads of Node, each with the device open once more and caches of its own. */
export class NodeThreadPool implements ThreadPool {
  readonly #workers: readonly Worker[];
  /** Rejected when a thread dies; what it had taken will not be finished. */
  readonly #death: Promise<never>;

  /** @param program the thread's, see `threadProgram`. */
  constructor(program: URL, count: number, task: ThreadTask) {
    const { Worker } = workerThreads();
    this.#workers = Array.from({ length: count }, () => {
      const worker = new Worker(program, {
        workerData: task,
        env: {},
        argv: [],
        execArgv: [],
        resourceLimits,
      });
      worker.unref();
      return worker;
    });
    this.#death = new Promise((_, reject) => {
      for (const worker of this.#workers) worker.on("error", reject);
    });
    this.#death.catch(() => {});
  }

  async meanwhile(event: Promise<void>): Promise<void> {
    for (const worker of this.#workers) worker.ref();
    try {
      await Promise.race([event, this.#death]);
    } finally {
      for (const worker of this.#workers) worker.unref();
    }
  }

  close(): void {
    for (const worker of this.#workers) void worker.terminate();
  }
}
