import { deepEqual } from "node:assert/strict";
import { aboutPage } from "../../guest/http/about-page.ts";
import { codingsOf } from "../../guest/http/codings-of.ts";
import { Contents } from "../../guest/http/contents.ts";
import { folderPage } from "../../guest/http/folder-page.ts";
import { objectCounts } from "../../guest/http/object-counts.ts";
import { Site } from "../../guest/http/site.ts";
import type { Unikernel } from "../../guest/unikernel.ts";
import { cat } from "../../guest/unikernels/cat.ts";
import { ls } from "../../guest/unikernels/ls.ts";
import { stat } from "../../guest/unikernels/stat.ts";
import type { VerifiedCommit } from "../../image-builder/verify/verification.ts";
import { verifyDevice } from "../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../reader/block/memory.ts";
import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import { createFs } from "../../reader/fs/create-fs.ts";
import { objectId } from "../../reader/git/object.ts";
import { LONGEST_ID } from "../../reader/git/object-format.ts";
import { hex } from "../../reader/git/object-id.ts";
import { decodeHeader } from "../../reader/image/header.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { type ConnectOptions, connect } from "../../reader/store/connect.ts";
import type { Store } from "../../reader/store/store.ts";
import { verifyTogether } from "../image-builder/verify/together.ts";
import { recordingDevice } from "../reader/recording-device.ts";
import type { Meter } from "./meter.ts";
import { Random } from "./random.ts";

/** What an exercise holds the reader to. */
export interface Rules {
  /** How the store is to be connected to, beside the way. */
  readonly options: ConnectOptions;
  /** As for `boundsOf`. */
  readonly workFactor: number;
  /** The number of the case. An ordinary one is read in two ways of four, which its number chooses. */
  readonly number: number;
}

/** Stands for the commit of the image itself. */
const PINNED = "pinned";

const WAYS: readonly ConnectOptions[] = [
  { layout: "light" },
  { layout: "fast" },
  { layout: "light", analyze: true },
  { layout: "fast", inflate: "pako" },
  { layout: "frozen" },
  { layout: "frozen", commit: PINNED },
];

const PATHS = [
  "",
  "a",
  "a/b",
  "b/c/d",
  "a/../b",
  "../..",
  "a-b/",
  "c/.",
  "\0",
  "a\0",
  "nothing",
  "x".repeat(5000),
  "a/".repeat(300),
  "0/../".repeat(200),
];
const MOST_PATHS = 60;
/** Of a hostile image, whose calls take long, fewer do. */
const FEW_PATHS = 12;

const MIB = 2 ** 20;

/**
 * Where pieces of a value are read to. One for all: to zero one for each would take most of a case's time.
 */
const PIECE = Buffer.alloc(MIB);

/** Paths of an ordinary image that are read between two looks at the clock, which take their time, too. */
const PATHS_A_LOOK = 16;

/**
 * Reads an image in every way there is: by the store, the programs, what `serve` is made of, and `verify`.
 *
 * @param isHostile whether the image is made to take time: then each thing is done once.
 * @throws {Error} if anything but one of our own errors is thrown, a content does not fit its id, a reader
 * asks the device for what is not there, or a call takes more CPU than the meter allows.
 */
export async function exercise(image: Buffer, isHostile: boolean, rules: Rules, meter: Meter): Promise<void> {
  const { options, workFactor } = rules;
  const most = isHostile ? FEW_PATHS : MOST_PATHS;
  for (const way of isHostile ? WAYS.slice(0, 3) : twoWays(rules.number)) {
    const name = `${way.layout}${way.analyze ? ", analyzed" : ""}${way.commit ? ", pinned" : ""}`;
    const commit = way.commit && commitOf(image);
    const device = recordingDevice(image);
    let store: Store | undefined;
    meter.call(`connect (${name})`, () =>
      attempt(() => {
        store = connect(device, { ...options, ...way, commit, workFactor });
      }),
    );
    if (store !== undefined) readAll(store, most, name, meter);
    if (device.faults.length > 0) throw new Error(`the device was asked for ${device.faults[0]}`);
  }
  let verified: VerifiedCommit | undefined;
  let isInvalid = false;
  meter.call("verify", () =>
    attempt(() => {
      try {
        verified = verifyDevice(memoryDevice(image), { workFactor });
      } catch (error) {
        isInvalid = error instanceof InvalidImageError;
        throw error;
      }
      const { verification, commitObject } = verified;
      const format = NODE_FORMATS[verification.hash];
      if (hex(objectId("commit", commitObject, format)) !== verification.commit) throw new Error("verify");
    }),
  );
  const threads = 1 + (rules.number % 3);
  meter.call(`verify (${threads} threads)`, () => {
    const found = verifyTogether(image, threads, new Random(rules.number), workFactor);
    if (found === undefined) return;
    if (isInvalid) throw new Error("threads verify what a scan refuses");
    // What is too much work for one scan may be little where nothing is read twice.
    if (verified !== undefined) deepEqual(found, verified);
  });
  const open = (more: ConnectOptions = {}) =>
    connect(memoryDevice(image), { ...options, ...more, workFactor });
  await programs(open, isHostile, meter);
  await site(open, meter);
}

/** The commit that an image says it is of; any if its header is damaged. */
function commitOf(image: Buffer): string {
  try {
    return decodeHeader(image, image.length).commit;
  } catch {
    return "00".repeat(LONGEST_ID);
  }
}

function twoWays(number: number): ConnectOptions[] {
  const one = number % WAYS.length;
  const further = 1 + (Math.floor(number / WAYS.length) % (WAYS.length - 1));
  return [WAYS[one]!, WAYS[(one + further) % WAYS.length]!];
}

function readAll(store: Store, most: number, way: string, meter: Meter): void {
  const paths: (string | Uint8Array)[] = most === MOST_PATHS ? [...PATHS] : PATHS.slice(0, 3);
  for (const prefix of ["", "a", "b/"]) {
    meter.call(`prefix (${way})`, () =>
      attempt(() => {
        for (const { path } of store.prefix(prefix)) {
          paths.push(path);
          if (paths.length > most) break;
        }
      }),
    );
  }
  meter.call(`list (${way})`, () =>
    attempt(() => {
      for (const { rawName } of store.list("").slice(0, most)) paths.push(rawName);
    }),
  );
  const chosen = paths.slice(0, 2 * most);
  const step = most === MOST_PATHS ? PATHS_A_LOOK : 1;
  for (let at = 0; at < chosen.length; at += step) {
    meter.call(`reading (${way})`, () => {
      for (const path of chosen.slice(at, at + step)) readPath(store, path);
    });
  }
  attempt(() => store.lastModified("").toISOString());
  meter.call(`readdir (${way})`, () => attempt(() => createFs(store).readdirSync("/", { recursive: true })));
}

function readPath(store: Store, path: string | Uint8Array): void {
  attempt(() => store.exists(path));
  attempt(() => store.describe(path, false));
  attempt(() => store.readLink(path));
  attempt(() => {
    const folder = store.folder(path);
    for (let index = 0; index < Math.min(folder.count, 1000); index++) {
      const { rawName, id } = folder.entry(index);
      if (rawName.length === 0 || id.length !== store.id.length) throw new Error("folder");
    }
  });
  attempt(() => {
    const { size, middle } = readWhole(store, path);
    if (store.size(path) !== size) throw new Error("the size is not that of the content");
    const part = store.getPartial(path, { offset: 3, length: 5 });
    if (!middle.equals(part)) throw new Error("the part does not fit");
  });
  attempt(() => store.size(path));
  attempt(() => store.getPartial(path, { offset: 0, length: Number.MAX_SAFE_INTEGER }));
  attempt(() => readThrough(store, path));
}

/**
 * Reads a value, and keeps no more of it than its size and a part: nobody needs two large values at a time.
 */
function readWhole(store: Store, path: string | Uint8Array): { size: number; middle: Buffer } {
  const content = store.get(path);
  // Asked for now: to read the content may have found out that the layout lies about the id.
  const id = store.digest(path);
  if (hex(objectId("blob", content, NODE_FORMATS[store.hash])) !== id)
    throw new Error(`the content of ${id} does not fit`);
  return { size: content.length, middle: Buffer.from(content.subarray(3, 8)) };
}

function readThrough(store: Store, path: string | Uint8Array): void {
  const reader = store.open(path);
  try {
    const into = PIECE;
    for (let at = 0, read = -1; read !== 0; at += read) read = reader.read(at, into);
    if (!reader.verified) throw new Error("a reader came to the end without verifying its object");
  } finally {
    reader.close();
  }
}

async function programs(
  open: (options?: ConnectOptions) => Store,
  isHostile: boolean,
  meter: Meter,
): Promise<void> {
  const names: string[] = [];
  attempt(() => {
    for (const { name } of open().list("").slice(0, FEW_PATHS)) names.push(name);
  });
  await runProgram(meter, "cat", cat, ["a", ...names], open);
  await runProgram(meter, "stat", stat, ["a", ...names], open);
  await runProgram(meter, "ls -lR", ls, ["-lR"], open);
  if (!isHostile) return;
  await runProgram(meter, "ls -R", ls, ["-R"], open);
  await runProgram(meter, "ls", ls, [], open);
  await runProgram(meter, "cat --files-from", cat, ["--files-from", "-"], open, names);
}

async function runProgram(
  meter: Meter,
  name: string,
  program: Unikernel,
  args: readonly string[],
  connectTo: (options?: ConnectOptions) => Store,
  input: readonly string[] = [],
): Promise<void> {
  await meter.turns(name, () =>
    attemptTurns(async () => {
      await program({
        get store() {
          return connectTo();
        },
        get fs() {
          return createFs(connectTo());
        },
        connect: connectTo,
        console: { write: () => {}, error: (text) => checkLines(text.toString()) },
        args,
        env: {},
        terminal: true,
        stdin: (async function* () {
          for (const line of input) yield Buffer.from(`${line}\n`);
        })(),
        ports: [],
        verbose: false,
        signal: new AbortController().signal,
      });
    }),
  );
}

/** What `serve` does for requests, without a network. */
async function site(open: (options?: ConnectOptions) => Store, meter: Meter): Promise<void> {
  let store: Store | undefined;
  attempt(() => {
    store = open();
  });
  if (store === undefined) return;
  const there = store;
  const contents = new Contents(there);
  const map = new Site(there, { index: "index.html", listing: true, spa: true });
  const targets = ["/", "/a", "/a/", "/b", "/f", "/l00", "/a/b?x", `/${"a/".repeat(1000)}`];
  for (const target of targets) {
    await meter.turns(`GET ${target.slice(0, 9)}`, () =>
      attemptTurns(async () => {
        const resource = map.find(target);
        if (resource.kind === "folder") folderPage(there, resource.path, resource.names);
        if (resource.kind !== "file") return;
        for (const coding of ["identity", ...codingsOf(resource)] as const) {
          const content = await contents.open(resource, coding);
          if (content === undefined) continue;
          try {
            for await (const piece of content.pieces({ start: 0, end: Math.min(content.size, MIB) })) {
              if (piece.length === 0 && content.size > 0) throw new Error("an empty piece");
            }
          } finally {
            content.close();
          }
        }
      }),
    );
  }
  await meter.turns("GET /.docteur/", () =>
    attemptTurns(async () => {
      if (aboutPage(there, await objectCounts(there)).length > MIB) throw new Error("the page is too long");
    }),
  );
}

function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    checkError(error);
  }
}

async function attemptTurns(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    checkError(error);
  }
}

function checkError(error: unknown): void {
  if (!(error instanceof DocteurError)) throw error;
  if (!/^[^\p{Cc}]{1,2000}$/u.test(error.message)) {
    throw new Error(`a message that is no line: ${JSON.stringify(error.message.slice(0, 200))}`);
  }
}

function checkLines(text: string): void {
  if (!text.endsWith("\n") || text.split("\n").length !== 2)
    throw new Error(`no line: ${text.slice(0, 200)}`);
}
