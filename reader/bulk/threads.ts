import { pathToFileURL } from "node:url";
import type { Worker } from "node:worker_threads";
import type { ConnectOptions } from "../image/open-objects.ts";
import type { BoardMemory } from "./board.ts";

/** A thread makes little garbage, and none that lives: it does with less room for it than V8 takes by default, in MB. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 };

/** Not imported at the top: in a machine, which has one CPU and no threads, to load it takes an eighth of a second. */
const workerThreads = () => process.getBuiltinModule("node:worker_threads");

/** What the threads run: beside this file, whether that is a source or a bundle, which vm/artifacts/bundle.ts puts it beside. */
export function threadProgram(): URL {
  // A bundle in CommonJS has no `import.meta`.
  const here = typeof __filename === "string" ? pathToFileURL(__filename) : new URL(import.meta.url);
  return new URL(here.pathname.endsWith(".ts") ? "./thread.ts" : "./store-thread.cjs", here);
}

/** What a thread is told. */
export interface ThreadTask {
  readonly path: string;
  readonly options: ConnectOptions;
  readonly board: BoardMemory;
}

/** Threads that read what is posted on a board, each with the device open once more and caches of its own. */
export class Threads {
  readonly #workers: readonly Worker[];
  /** Rejected when a thread dies; what it had taken will not be finished. */
  readonly #death: Promise<never>;

  /** They do not keep the process alive. */
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

  /** Waits for `event`, and keeps the process alive meanwhile. @throws what a thread died of. */
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
