import { pathToFileURL } from "node:url";
import type { Worker } from "node:worker_threads";
import { openFileDevice } from "../../block/file.ts";
import { type ConnectOptions, openObjects } from "../open-objects.ts";
import { readBatch } from "./batch.ts";
import { Board, type BoardMemory } from "./board.ts";

/** A thread makes little garbage, and none that lives: it does with less room for it than V8 takes by default, in MB. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 };

/** Tells a thread that this module started from one that somebody else did, and from what is no thread. */
const MARK = "docteur-batch-reader";

/** Not imported at the top: in a machine, which has one CPU and no threads, to load it takes an eighth of a second. */
const workerThreads = () => process.getBuiltinModule("node:worker_threads");

/** This file: in a bundle in CommonJS the bundle, which has no `import.meta`. */
const SELF = typeof __filename === "string" ? pathToFileURL(__filename) : new URL(import.meta.url);

interface ThreadData {
  readonly mark: typeof MARK;
  readonly path: string;
  readonly options: ConnectOptions;
  readonly board: BoardMemory;
}

/** Threads that read what is posted on a board, each with the device open once more and caches of its own. */
export class Threads {
  readonly #workers: readonly Worker[];
  /** Rejected when a thread dies; what it had taken will not be finished. */
  readonly #death: Promise<never>;

  /**
   * The threads run this very module, or the bundle that it has become part of; see the end of the file. They do not keep
   * the process alive.
   */
  constructor(count: number, path: string, options: ConnectOptions, board: Board) {
    const data: ThreadData = { mark: MARK, path, board: board.memory, options };
    const { Worker } = workerThreads();
    this.#workers = Array.from({ length: count }, () => {
      const worker = new Worker(SELF, {
        workerData: data,
        env: {},
        argv: [MARK],
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

function serve({ path, options, board: memory }: ThreadData): never {
  const { objects } = openObjects(openFileDevice(path), options);
  const board = new Board(memory);
  for (;;) {
    const slot = board.take();
    readBatch(objects, board.batches[slot]!);
    board.finish(slot);
  }
}

/** What this thread is to do, if this module has started it. */
function threadData(): ThreadData | undefined {
  if (process.argv[2] !== MARK) return undefined;
  const { isMainThread, workerData } = workerThreads();
  return !isMainThread && (workerData as Partial<ThreadData> | null)?.mark === MARK ? workerData : undefined;
}

const data = threadData();
if (data !== undefined) serve(data);
