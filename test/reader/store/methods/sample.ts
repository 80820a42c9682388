import type { TestFn } from "ava";
import { memoryDevice } from "../../../../reader/block/memory.ts";
import { DocteurError } from "../../../../reader/errors.ts";
import { type ConnectOptions, connect } from "../../../../reader/store/connect.ts";
import {
  DictionaryExpectedError,
  NotFoundError,
  TooManyLinksError,
  ValueExpectedError,
} from "../../../../reader/store/errors.ts";
import type { Key, Store } from "../../../../reader/store/store.ts";
import { assembleImage } from "../../image-fixture.ts";
import { Repository } from "../../repository.ts";

/** A name that is no UTF-8 and breaks the line. */
export const ODD_NAME: Buffer = Buffer.from([0x6f, 0x64, 0x64, 0xff, 0x0a]);

/** The commit that the submodule names; the image does not have it. */
export const SUBMODULE = "12".repeat(20);

/** Objects larger than this pass through a window, unless they are deltas. */
const MIB = 1024 ** 2;

/**
 * Bytes that do not repeat, so that git stores them undeltified (a linear congruential generator, Numerical
 * Recipes).
 */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const LARGE = noise(2 * MIB + 17, 1);
const VERSION = noise(300_000, 2);

/** An image of each kind of entry, that git packed, and what git says of it. */
export interface Sample {
  readonly image: Buffer;
  /** Id of the root tree. */
  readonly root: string;
  /** Seconds since the epoch. */
  readonly date: number;
  /** The entries of all folders by their path, as `git ls-tree -r -t` lists them. */
  readonly entries: ReadonlyMap<string, { readonly mode: string; readonly id: string }>;
  /** The content of a blob. @param path as a latin1 string of its bytes. */
  content(path: string): Buffer;
}

export const sample: Sample = makeSample();

function makeSample(): Sample {
  using repository = new Repository();
  const entry = (mode: string, name: Uint8Array | string, id: string) => ({ mode, name, id });
  const file = (name: Uint8Array | string, content: Uint8Array | string, mode = "100644") =>
    entry(mode, name, repository.write("blob", content));
  const folder = (name: string, entries: Parameters<Repository["writeTree"]>[0]) =>
    entry("40000", name, repository.writeTree(entries));
  const root = repository.writeTree([
    file("climbing", "../file", "120000"),
    file("dangling", "nothing", "120000"),
    file("empty", ""),
    file("executable", "#!/bin/sh\n", "100755"),
    file("file", "the content of a file\n"),
    folder("folder", [folder("deep", [file("leaf", "leaf\n")]), file("inner", "inner\n")]),
    folder("hollow", []),
    file("large", LARGE),
    file("link", "file", "120000"),
    file("link-to-folder", "folder/", "120000"),
    file("loop", "loop", "120000"),
    entry("160000", "module", SUBMODULE),
    file(ODD_NAME, "the content of an odd name\n"),
    folder("versions", [
      file("1", VERSION),
      file(
        "2",
        Buffer.concat([VERSION.subarray(0, 100_000), Buffer.from("more"), VERSION.subarray(100_000)]),
      ),
    ]),
  ]);
  const commit = repository.writeCommit(root);
  repository.git(["fsck", "--strict", commit]);
  const listed = repository.list(commit, "-r", "-t");
  const blobs = listed.filter(({ kind }) => kind === "blob").map(({ id }) => id);
  const contents = repository.contents([...new Set(blobs)]);
  const entries = new Map(listed.map(({ path, mode, id }) => [path, { mode, id }]));
  return {
    image: assembleImage({ commit, ...repository.pack(commit) }),
    root,
    date: Number(repository.git(["show", "--no-patch", "--format=%ct", commit]).toString()),
    entries,
    content: (path) => contents.get(entries.get(path)!.id)!,
  };
}

/** Paths of the sample's files, links left out. */
export const FILES: readonly string[] = [...sample.entries]
  .filter(([, { mode }]) => mode.startsWith("100"))
  .map(([path]) => path);

/** A path of the sample as a key: its bytes. */
export function keyOf(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

/** The sample's id of a path. */
export function idOf(path: string): string {
  return sample.entries.get(path)!.id;
}

export function openSample(options: ConnectOptions = {}): Store {
  return connect(memoryDevice(sample.image), options);
}

export const LAYOUTS = ["light", "fast"] as const;

type Refusal = readonly [key: string, Class: new (path: string) => DocteurError, code: string];

/** Keys that name nothing, and the errors of all methods that need an entry. */
export const UNRESOLVED: readonly Refusal[] = [
  ["nothing", NotFoundError, "NOT_FOUND"],
  ["folder/nothing", NotFoundError, "NOT_FOUND"],
  ["module/x", NotFoundError, "NOT_FOUND"],
  ["dangling", NotFoundError, "NOT_FOUND"],
  ["climbing", NotFoundError, "NOT_FOUND"],
  ["file/x", DictionaryExpectedError, "DICTIONARY_EXPECTED"],
  ["file/", DictionaryExpectedError, "DICTIONARY_EXPECTED"],
  ["link/x", DictionaryExpectedError, "DICTIONARY_EXPECTED"],
  ["loop", TooManyLinksError, "TOO_MANY_LINKS"],
  ["loop/x", TooManyLinksError, "TOO_MANY_LINKS"],
];

/** Keys of dictionaries, and the error of methods that need a value. */
export const NO_VALUES: readonly Refusal[] = ["", "/", "folder", "hollow", "module", "link-to-folder"].map(
  (key) => [key, ValueExpectedError, "VALUE_EXPECTED"],
);

/** Keys of values, and the error of methods that need a dictionary. */
export const NO_DICTIONARIES: readonly Refusal[] = ["file", "empty", "executable", "link"].map((key) => [
  key,
  DictionaryExpectedError,
  "DICTIONARY_EXPECTED",
]);

/**
 * Adds a test for each refusal: the method throws an error of this class and code, whose one line names the
 * key.
 */
export function testRefusals(
  test: TestFn,
  method: string,
  call: (store: Store, key: Key) => unknown,
  refusals: readonly Refusal[],
): void {
  for (const layout of LAYOUTS) {
    for (const [key, Class, code] of refusals) {
      test(`${method} of ${JSON.stringify(key)} fails with ${code}, ${layout}`, async (t) => {
        const store = openSample({ layout });
        const error = await t.throwsAsync(async () => call(store, key), { instanceOf: Class, code });
        t.true(error instanceof DocteurError);
        t.is(error.name, Class.name);
        t.true(error.message.startsWith(`${key}: `), error.message);
        t.notRegex(error.message, /\n/);
      });
    }
  }
}
