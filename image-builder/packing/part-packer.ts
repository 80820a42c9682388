import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { BIG_FILE_THRESHOLD, type Effort } from "./compression.ts";
import { orderName } from "./order-name.ts";
import { packBlobs } from "./pack-blobs.ts";
import { type PackFiles, packObjects } from "./pack-objects.ts";
import { type PartClass, searchFor } from "./part-class.ts";

/** Runs of git at a time; more take memory, each having a window of its own. */
const MAX_RUNS = 4;

/** Objects that are packed together, by one run of git or by `packBlobs`. */
export interface Part {
  readonly partClass: PartClass;
  readonly count: number;
  /**
   * The id of an object, hexadecimal, by its position in the order in which git searches them for deltas.
   */
  readonly idAt: (position: number) => string;
  /** The name of a file, without its folder, at a position. */
  readonly nameAt: (position: number) => string;
  /** A folder with the objects, as `objects` in a Git directory. Default: that of the repository. */
  readonly objects?: string | undefined;
  /** What is deleted when they are packed. */
  readonly temporary?: string | undefined;
}

export interface PartPackerOptions {
  /** The repository that git runs in, which is only read. */
  readonly gitDir: string;
  /** How it names its objects. */
  readonly format: ObjectFormat;
  /** An existing folder for the PACKs. */
  readonly folder: string;
  readonly effort: Effort;
  /** Called with the objects searched for deltas so far. */
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs parts as they come; reuses no deltas and no compressed bytes. Git's own search for deltas by several
 * threads gives another PACK each time. Here one git with one thread packs each part, and the same parts give
 * the same PACKs on any machine. Disposing of it ends what still runs.
 */
export class PartPacker implements AsyncDisposable {
  /** Aborted with the first failure, or by the signal of the options. */
  readonly signal: AbortSignal;
  readonly #options: PartPackerOptions;
  readonly #stop = new AbortController();
  readonly #runs = new Set<Promise<void>>();
  readonly #packs: PackFiles[] = [];
  readonly #searched: number[] = [];
  /** The last part that is packed here rather than by git: one at a time, as it is in memory. */
  #here: Promise<unknown> = Promise.resolve();

  constructor(options: PartPackerOptions) {
    this.#options = options;
    const { signal } = options;
    this.signal = AbortSignal.any([this.#stop.signal, ...(signal === undefined ? [] : [signal])]);
  }

  /**
   * Starts to pack a part, once there is a CPU for it.
   * @throws {DocteurError} as `packObjects` does, for this or an earlier part; the signal's reason.
   */
  async add(part: Part): Promise<void> {
    while (this.#runs.size >= Math.min(availableParallelism(), MAX_RUNS)) await Promise.race(this.#runs);
    this.signal.throwIfAborted();
    const index = this.#searched.push(0) - 1;
    const run = this.#pack(part, index)
      .catch((error: unknown) => this.#stop.abort(error))
      .then(() => {
        this.#runs.delete(run);
      });
    this.#runs.add(run);
  }

  /** The PACKs, in the order of the parts, when all are made. @throws as `add`. */
  async finish(): Promise<readonly PackFiles[]> {
    await Promise.all(this.#runs);
    this.signal.throwIfAborted();
    return this.#packs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#runs);
  }

  async #pack(part: Part, index: number): Promise<void> {
    const { gitDir, format, effort, onProgress } = this.#options;
    const report = (done: number) => {
      this.#searched[index] = Math.max(this.#searched[index] as number, done);
      onProgress?.(this.#searched.reduce((sum, each) => sum + each, 0));
    };
    // Each in a folder of its own: parts with the same objects in them would have the same name.
    const folder = join(this.#options.folder, `part-${index}`);
    await mkdir(folder);
    const search = effort.window > 0 ? searchFor(part.partClass) : undefined;
    if (search === undefined) {
      this.#packs[index] = await packPart(gitDir, part, folder, effort, this.signal, report);
    } else {
      const options = { format, folder, effort, search, signal: this.signal, onSearched: report };
      this.#here = this.#here.then(() => packBlobs(gitDir, part, options));
      this.#packs[index] = (await this.#here) as PackFiles;
    }
    if (part.temporary !== undefined) await rm(part.temporary, { recursive: true });
    report(part.count);
  }
}

async function packPart(
  gitDir: string,
  part: Part,
  folder: string,
  { level, window, depth }: Effort,
  signal: AbortSignal,
  onSearched: (done: number) => void,
): Promise<PackFiles> {
  const settings = [`--compression=${level}`, `--window=${window}`, `--depth=${depth}`];
  return await packObjects(["--no-reuse-delta", "--no-reuse-object", ...settings], {
    gitDir,
    objects: part.objects,
    bigFileThreshold: BIG_FILE_THRESHOLD,
    folder,
    name: "part",
    input: searchOrder(part),
    threads: 1,
    onProgress: (phase, done) => {
      if (phase === "Compressing objects") onSearched(done);
    },
    signal,
  });
}

/** What git reads: each id, and a name that stands where it should be searched. */
function searchOrder({ count, idAt }: Part): Buffer {
  const line = (position: number) => `${idAt(position)} ${orderName(position, count)}\n`;
  const length = line(0).length;
  const lines = Buffer.allocUnsafe(count * length);
  for (let position = 0; position < count; position++)
    lines.write(line(position), position * length, "latin1");
  return lines;
}
