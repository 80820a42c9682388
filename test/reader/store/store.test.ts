import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";
import type { Store } from "../../../reader/store/store.ts";
import { anyFormat } from "../formats.ts";
import { generatedTree, writeGenerated } from "../generated-tree.ts";
import { assembleImage } from "../image-fixture.ts";
import { type PackShape, Repository } from "../repository.ts";
import { withLayout } from "../with-layout.ts";

const bytes = (path: string) => Buffer.from(path, "latin1");

const TYPES: Record<string, string> = {
  "100644": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "gitlink",
  "040000": "tree",
};

const SHAPES: PackShape[] = [
  { offsetDeltas: true, window: 250, depth: 250, compression: 9 },
  { offsetDeltas: false, window: 250, depth: 50, compression: 1 },
  { offsetDeltas: true, window: 0, depth: 0, compression: 0 },
  { offsetDeltas: false, window: 10, depth: 1, compression: 6 },
];

const WAYS: ConnectOptions[] = [
  { layout: "light" },
  { layout: "fast" },
  { layout: "light", analyze: true, sectorCacheSize: 0, baseCacheSize: 0, treeCacheSize: 0 },
  { layout: "fast", analyze: true, inflate: "pako" },
];

const FROZEN_WAYS: ConnectOptions[] = [
  { layout: "frozen" },
  { layout: "frozen", sectorCacheSize: 0, treeCacheSize: 0 },
  {},
];

test("a store agrees with git on every entry of a generated tree", async (t) => {
  const property = fc.asyncProperty(
    generatedTree,
    fc.constantFrom(...SHAPES),
    fc.nat(),
    anyFormat,
    async (entries, shape, salt, format) => {
      using repository = new Repository(format);
      const commit = writeGenerated(repository, entries);
      repository.git(["fsck", "--strict", commit]);
      const image = assembleImage({ commit, ...repository.pack(commit, shape) });
      const truth = readTruth(repository, commit);
      const frozenWays = entries.length === 0 ? [] : FROZEN_WAYS;
      const laidOut = entries.length === 0 ? image : withLayout(image).image;
      const ways = [
        ...WAYS.map((options) => ({ image, options })),
        ...frozenWays.map((options) => ({ image: laidOut, options })),
        ...frozenWays.map((options) => ({ image: laidOut, options: { ...options, commit } })),
      ];
      const notes: string[] = [];
      for (const { image, options } of ways) {
        const store = connect(memoryDevice(image), { ...options, onNote: (note) => notes.push(note) });
        assert.equal(store.hash, format.name);
        checkPaths(store, truth);
        checkLists(store, repository, truth);
        checkPrefixes(store, truth, salt);
      }
      assert.deepEqual(notes, []);
    },
  );
  await t.notThrowsAsync(() =>
    fc.assert(property, { numRuns: 25, endOnFailure: true, includeErrorInReport: true }),
  );
});

type Truth = ReturnType<typeof readTruth>;

function readTruth(repository: Repository, commit: string) {
  const listed = repository.list(commit, "-r", "-t");
  const blobs = listed.filter(({ kind }) => kind === "blob").map(({ id }) => id);
  return { commit, listed, contents: repository.contents(blobs) };
}

function checkPaths(store: Store, { listed, contents }: Truth): void {
  for (const { path, mode, kind, id } of listed) {
    const content = contents.get(id);
    const key = bytes(path);
    const { path: shown, ...described } = store.describe(key, false);
    assert.deepEqual(Buffer.from(shown).toString("latin1"), path);
    assert.deepEqual(described, {
      kind: kind === "blob" ? "value" : "dictionary",
      type: TYPES[mode],
      id,
      size: content?.length ?? 0,
    } as typeof described);
    if (mode === "120000") assert.deepEqual(Buffer.from(store.readLink(key)), content);
    if (mode === "160000") assert.deepEqual(store.list(key), []);
    if (!mode.startsWith("100") || content === undefined) continue;
    assert.deepEqual(store.exists(key), "value");
    assert.deepEqual(store.digest(key), id);
    assert.deepEqual(store.size(key), content.length);
    assert.deepEqual(Buffer.from(store.get(key)), content);
    const offset = content.length >> 1;
    assert.deepEqual(
      Buffer.from(store.getPartial(key, { offset, length: 9 })),
      content.subarray(offset, offset + 9),
    );
    assert.deepEqual(Buffer.from(store.getPartial(key, { offset: 0, length: 1 << 20 })), content);
    assert.deepEqual(store.getPartial(key, { offset: content.length + 1, length: 1 }).length, 0);
  }
}

function checkLists(store: Store, repository: Repository, { commit, listed }: Truth): void {
  const folders = ["", ...listed.filter(({ kind }) => kind === "tree").map(({ path }) => path)];
  for (const folder of folders) {
    const below = folder === "" ? listed : listed.filter(({ path }) => path.startsWith(`${folder}/`));
    const depth = folder === "" ? 0 : folder.split("/").length;
    const children = below.filter(({ path }) => path.split("/").length === depth + 1);
    assert.deepEqual(
      store
        .list(bytes(folder))
        .map(({ rawName, type, id }) => [Buffer.from(rawName).toString("latin1"), type, id]),
      children.map(({ path, mode, id }) => [path.split("/").at(-1), TYPES[mode], id]),
    );
    assert.deepEqual(store.exists(bytes(folder)), "dictionary");
  }
  assert.deepEqual(
    store.root,
    repository
      .git(["rev-parse", `${commit}^{tree}`])
      .toString()
      .trim(),
  );
}

function checkPrefixes(store: Store, { listed }: Truth, salt: number): void {
  const values = listed.filter(({ kind }) => kind !== "tree").map(({ path, id }) => [path, id] as const);
  values.sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b)));
  const paths = values.map(([path]) => path);
  const some = paths[salt % (paths.length + 1)] ?? "";
  const prefixes = [
    "",
    "a",
    "a/",
    "nothing",
    some,
    some.slice(0, salt % (some.length + 1)),
    `${some}\0`,
    `${some}/`,
  ];
  for (const prefix of prefixes) {
    assert.deepEqual(
      [...store.prefix(bytes(prefix))].map(({ path, id }) => [Buffer.from(path).toString("latin1"), id]),
      values.filter(([path]) => path.startsWith(prefix.replace(/^\/+/, ""))),
      JSON.stringify(prefix),
    );
  }
}
