// A thread of store-injector.ts: opens an image again and again, reads three files each time, and says how it ended.
import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { type BlockDevice, connect, DocteurError, type Store } from "../../reader/index.ts";
import { openRemoteDevice } from "../../remote/index.ts";

export interface ReaderTask {
  readonly url: string;
  readonly commit: string;
  /** Seconds. */
  readonly deadline: number;
  /** Numbers of the runs. */
  readonly runs: readonly number[];
  /** Paths, and the SHA-256 of what they have. */
  readonly files: readonly (readonly [string, string])[];
}

const { url, commit, deadline, runs, files } = workerData as ReaderTask;

for (const run of runs) {
  let device: BlockDevice | undefined;
  let store: Store | undefined;
  const say = (end: string) => parentPort!.postMessage([run, end]);
  try {
    device = await openRemoteDevice(`${url}/${run}`, {
      cacheSize: 0,
      deadline,
      env: { HOME: "/nonexistent" },
    });
    store = connect(device, { commit });
    for (let i = 0; i < 3; i++) say(read(store, files[(run * 7 + i * 13) % files.length]!));
  } catch (error) {
    say(codeOf(error));
  }
  (store ?? device)?.close();
}

function read(store: Store, [path, hash]: readonly [string, string]): string {
  try {
    return createHash("sha256").update(store.get(path)).digest("hex") === hash ? "right" : "wrong bytes";
  } catch (error) {
    return codeOf(error);
  }
}

/** What is allowed to be thrown; anything else is a defect, and so is a path that is said not to be there. */
function codeOf(error: unknown): string {
  const code = error instanceof DocteurError ? error.code : undefined;
  return code === undefined || code === "NOT_FOUND" ? `failed: ${(error as Error)?.stack ?? error}` : code;
}
