import { pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { openFileDevice } from "../../block/file.ts";
import type { Objects } from "../../pack/objects.ts";
import { type ConnectOptions, openObjects } from "../open-objects.ts";
import { type Batch, readBatch, SLAB_SIZE } from "./batch.ts";

/** Raw ids of blobs, 20 bytes each, and memory that may be used for their contents. */
export interface BatchRequest {
  readonly ids: Uint8Array<ArrayBuffer>;
  readonly spare: ArrayBuffer[];
}

/** Reads one batch of blobs after the other. */
export interface BatchReader {
  read(request: BatchRequest): Promise<Batch>;
  close(): void;
}

/** The reader in this thread, over objects that are open already. */
export function localReader(objects: Objects): BatchReader {
  return {
    read: async ({ ids, spare }) => readBatch(objects, ids, spare),
    close() {},
  };
}

const MIB = 1024 * 1024;

/** A thread makes little garbage, and none that lives: it does with less room for it than V8 takes by default, in MB. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

/** Tells a thread that this module started from one that somebody else did. */
const MARK = "docteur-batch-reader";

/** This file: in a bundle in CommonJS the bundle, which has no `import.meta`. */
const SELF = typeof __filename === "string" ? pathToFileURL(__filename) : new URL(import.meta.url);

interface ThreadData {
  readonly mark: typeof MARK;
  readonly path: string;
  readonly options: ConnectOptions;
}

/**
 * A reader in a thread of its own, with the device open once more and smaller caches of its own.
 *
 * The thread runs this very module, or the bundle that it has become part of; see the end of the file. It does not keep
 * the process alive.
 */
export function threadReader(path: string, options: ConnectOptions): BatchReader {
  const data: ThreadData = {
    mark: MARK,
    path,
    // What is larger than a slab is not for a thread, and so neither is what is built on such a thing.
    options: {
      ...options,
      maxObjectSize: SLAB_SIZE,
      baseCacheSize: (options.baseCacheSize ?? 24 * MIB) / 2,
      sectorCacheSize: (options.sectorCacheSize ?? 4 * MIB) / 4,
    },
  };
  const worker = new Worker(SELF, { workerData: data, env: {}, argv: [], execArgv: [], resourceLimits });
  let pending: { resolve: (batch: Batch) => void; reject: (error: Error) => void } | undefined;
  worker.on("message", (batch: Batch) => pending?.resolve(batch));
  worker.on("error", (error: Error) => pending?.reject(error));
  worker.unref();
  return {
    read({ ids, spare }) {
      const reply = new Promise<Batch>((resolve, reject) => {
        pending = { resolve, reject };
      });
      worker.ref();
      worker.postMessage({ ids, spare } satisfies BatchRequest, [ids.buffer, ...spare]);
      return reply.finally(() => worker.unref());
    },
    close() {
      void worker.terminate();
    },
  };
}

function serve({ path, options }: ThreadData): void {
  const { objects } = openObjects(openFileDevice(path), options);
  parentPort?.on("message", ({ ids, spare }: BatchRequest) => {
    const batch = readBatch(objects, ids, spare);
    parentPort?.postMessage(batch, [...batch.slabs, ...batch.spare, batch.places.buffer as ArrayBuffer]);
  });
}

if (!isMainThread && (workerData as Partial<ThreadData> | null)?.mark === MARK)
  serve(workerData as ThreadData);
