import { DocteurError } from "../../guest/errors.ts";
import { objectId } from "../../guest/git/object.ts";
import { hex } from "../../guest/git/object-id.ts";
import { type ConnectOptions, connect } from "../../guest/store/connect.ts";
import type { Store } from "../../guest/store/store.ts";
import { recordingDevice } from "../guest/recording-device.ts";

const MIB = 2 ** 20;
const LIMITS: ConnectOptions = {
  maxObjectSize: 8 * MIB,
  maxLayoutSize: 4 * MIB,
  baseCacheSize: MIB,
  treeCacheSize: MIB,
  sectorCacheSize: MIB / 8,
};

const WAYS: readonly ConnectOptions[] = [
  { layout: "light" },
  { layout: "fast" },
  { layout: "light", analyze: true },
  { layout: "fast", inflate: "pako" },
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
];
const MOST_PATHS = 60;

/**
 * Reads an image in every way there is.
 * @throws {Error} if anything but one of our own errors is thrown, a content does not fit its id, or a reader asks the
 * device for what is not there.
 */
export function exercise(image: Uint8Array): void {
  for (const way of WAYS) {
    const device = recordingDevice(image);
    attempt(() => readAll(connect(device, { ...LIMITS, ...way })));
    if (device.faults.length > 0) throw new Error(`the device was asked for ${device.faults[0]}`);
  }
}

function readAll(store: Store): void {
  const paths: (string | Uint8Array)[] = [...PATHS];
  for (const prefix of ["", "a", "b/"]) {
    attempt(() => {
      for (const { path } of store.prefix(prefix)) {
        paths.push(path);
        if (paths.length > MOST_PATHS) break;
      }
    });
  }
  attempt(() => paths.push(...store.list("").map(({ rawName }) => rawName)));
  for (const path of paths) readPath(store, path);
  attempt(() => store.lastModified("").toISOString());
}

function readPath(store: Store, path: string | Uint8Array): void {
  attempt(() => store.exists(path));
  attempt(() => store.describe(path, false));
  attempt(() => store.readLink(path));
  attempt(() => {
    for (const { rawName, id } of store.list(path))
      if (rawName.length === 0 || id.length !== 40) throw new Error("list");
  });
  attempt(() => {
    const id = store.digest(path);
    const content = store.get(path);
    if (hex(objectId("blob", content)) !== id) throw new Error(`the content of ${id} does not fit`);
    if (store.size(path) !== content.length) throw new Error(`the size of ${id} is not that of its content`);
    const part = store.getPartial(path, { offset: 3, length: 5 });
    if (!Buffer.from(content).subarray(3, 8).equals(part)) throw new Error(`the part of ${id} does not fit`);
  });
  attempt(() => store.size(path));
  attempt(() => store.getPartial(path, { offset: 0, length: Number.MAX_SAFE_INTEGER }));
  attempt(() => readThrough(store, path));
}

function readThrough(store: Store, path: string | Uint8Array): void {
  const reader = store.open(path);
  try {
    const into = Buffer.alloc(MIB);
    for (let at = 0, read = -1; read !== 0; at += read) read = reader.read(at, into);
    if (!reader.verified) throw new Error("a reader came to the end and has proved nothing");
  } finally {
    reader.close();
  }
}

function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof DocteurError)) throw error;
    if (!/^[^\p{Cc}]{1,2000}$/u.test(error.message) && !error.message.includes("x".repeat(5000))) {
      throw new Error(`a message that is no line: ${JSON.stringify(error.message.slice(0, 200))}`);
    }
  }
}
