import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { createFs } from "../../../reader/index.ts";
import { SHA1, SHA256 } from "../../../reader/node-platform.ts";
import type { Store } from "../../../reader/store/store.ts";
import { assembleImage } from "../image-fixture.ts";
import { open } from "../pack-fixture.ts";
import { Repository } from "../repository.ts";
import { withLayout } from "../with-layout.ts";

/** A file's content, or what is in a folder: names in any order, and some of them twice. */
type Made = string | readonly (readonly [name: string, made: Made])[];

const name = fc.constantFrom("a", "b", "a.b", "a-b", "A", "0");
const made: fc.Arbitrary<Made> = fc.letrec<{ made: Made }>((tie) => ({
  made: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("x", "y", "z"),
    fc.array(fc.tuple(name, tie("made")), { maxLength: 5 }),
  ),
})).made;
const folder = fc.array(fc.tuple(name, made), { maxLength: 7 });

function write(repository: Repository, made: Made): string {
  if (typeof made === "string") return repository.write("blob", made);
  const entries = made.map(([name, below]) => {
    const mode = typeof below === "string" ? "100644" : "40000";
    return { mode, name, id: write(repository, below) };
  });
  return repository.writeTree(entries);
}

/** The entries that count: the first of each name. */
function first(made: Exclude<Made, string>): (readonly [string, Made])[] {
  return made.filter(([name], index) => made.findIndex(([other]) => other === name) === index);
}

function* files(made: Exclude<Made, string>, above: string): Generator<[path: string, content: string]> {
  for (const [name, below] of first(made)) {
    if (typeof below === "string") yield [above + name, below];
    else yield* files(below, `${above}${name}/`);
  }
}

function check(store: Store, made: Exclude<Made, string>): void {
  const wanted = [...files(made, "")].sort(([a], [b]) => (a < b ? -1 : 1));
  const paths = (prefix: string) =>
    Array.from(store.prefix(prefix), ({ path }) => Buffer.from(path).toString());
  for (const prefix of ["", "a", "a/", "b/a", "A/b/"]) {
    assert.deepEqual(
      paths(prefix),
      wanted.map(([path]) => path).filter((path) => path.startsWith(prefix)),
    );
  }
  for (const [path, content] of wanted) assert.equal(Buffer.from(store.get(path)).toString(), content, path);
  assert.deepEqual(
    store.list("").map(({ name }) => name),
    first(made).map(([name]) => name),
  );
  const fs = createFs(store);
  assert.deepEqual(
    new Set(
      (fs.readdirSync("/", { recursive: true }) as string[]).filter((path) =>
        fs.statSync(`/${path}`).isFile(),
      ),
    ),
    new Set(wanted.map(([path]) => path)),
  );
}

test("the layouts agree on trees out of order, and with a name twice", async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  t.log(`SEED=${seed}`);
  using sha1 = new Repository(SHA1);
  using sha256 = new Repository(SHA256);
  const property = fc.asyncProperty(folder, fc.constantFrom(sha1, sha256), async (folder, repository) => {
    const commit = repository.writeCommit(write(repository, folder));
    const image = assembleImage({ commit, ...repository.pack(commit) });
    for (const layout of ["light", "fast"] as const) check(open(image, { layout }), folder);
    if (folder.length === 0) return;
    const { image: laidOut } = withLayout(image);
    for (const pinned of [undefined, commit]) {
      const onNote = (note: string) => assert.fail(note);
      check(open(laidOut, { layout: "frozen", commit: pinned, onNote }), folder);
    }
  });
  await t.notThrowsAsync(() => fc.assert(property, { numRuns: 60, seed, includeErrorInReport: true }));
});
