import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { FIXTURES } from "../fixtures.ts";

export const SMALL = join(FIXTURES, "small.img");

/** The files that `small.img` was made from, by their path in the image. */
export const SMALL_FILES: ReadonlyMap<string, Buffer> = filesBeneath(join(FIXTURES, "stores", "small"));

function filesBeneath(folder: string): Map<string, Buffer> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return new Map(files.map((path) => [`/${path}`, readFileSync(join(folder, path))]));
}

/** A stream that keeps what is written to it. */
export class Collector extends Writable {
  readonly #pieces: Buffer[] = [];

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#pieces.push(piece);
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  get text(): string {
    return this.bytes.toString();
  }
}

/** A process of this machine. */
export interface ProcessEntry {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
}

/** The processes that descend from one, zombies left out. */
export function descendants(ancestor: number): ProcessEntry[] {
  const processes = processList();
  const beneath = (parent: number): ProcessEntry[] =>
    processes.filter((each) => each.parent === parent).flatMap((each) => [each, ...beneath(each.pid)]);
  return beneath(ancestor);
}

/** Whether a process is there, and more than a zombie. */
export function isAlive(pid: number): boolean {
  return processList().some((each) => each.pid === pid);
}

function processList(): ProcessEntry[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => entryOf(Number(pid)) ?? []);
}

/** From proc(5) `stat`; undefined if the process has gone or is a zombie. */
function entryOf(pid: number): ProcessEntry | undefined {
  try {
    const [, name, state, parent] = /\((.*)\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))!;
    return state === "Z" ? undefined : { pid, name: name!, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
