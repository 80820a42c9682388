// Compares what verify and a store say of generated repositories, most of them SHA-256, with what git says of the
// PACK in the image. `ORACLE_ROUNDS=400` makes more of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SHA1, SHA256 } from "../../../reader/node-platform.ts";
import { connect } from "../../../reader/store/connect.ts";
import { type GeneratedEntry, generatedTree, writeGenerated } from "../../reader/generated-tree.ts";
import { assembleImage, splitImage } from "../../reader/image-fixture.ts";
import { type PackShape, Repository } from "../../reader/repository.ts";

const ROUNDS = Number(process.env.ORACLE_ROUNDS ?? 30);

const SHAPES: readonly PackShape[] = [
  { offsetDeltas: false, window: 50, depth: 50 },
  { offsetDeltas: true, window: 50, depth: 4 },
  { offsetDeltas: false, window: 0, compression: 0 },
];

/** The PACK of an image as git receives it in an empty repository of the same object format. */
class Received implements Disposable {
  readonly #repository: Repository;
  readonly idx: Buffer;
  readonly #idxPath: string;

  constructor(image: Buffer, { format }: Repository) {
    this.#repository = new Repository(format);
    // Behind the PACK comes padding, which index-pack passes on.
    const [, name] = this.#git("index-pack --strict --stdin", splitImage(image).pack).split(/[\t\n\0]/);
    this.#idxPath = join(this.#repository.path, "objects/pack", `pack-${name}.idx`);
    this.idx = readFileSync(this.#idxPath);
  }

  #git(command: string, input: Uint8Array | string = ""): string {
    return this.#repository.git(command.split(" "), input).toString("latin1");
  }

  /** What is wrong with it, and what nothing leads to from a commit: nothing. */
  complaints(commit: string): string {
    this.#git(`update-ref HEAD ${commit}`);
    return this.#git("fsck --full --strict --unreachable --no-progress");
  }

  /** The kind of each object, by id. */
  kinds(): [id: string, kind: string][] {
    const lines = this.#git("cat-file --batch-all-objects --batch-check").split("\n").slice(0, -1);
    return lines.map((line) => line.split(" ") as [string, string]);
  }

  /** How many deltas there are, and how many follow one another at most. */
  deltas(): { deltas: number; longestChain: number } {
    const lines = this.#git(`verify-pack -v ${this.#idxPath}`).split("\n");
    const depths = lines
      .map((line) => line.split(/ +/))
      .filter(([id, , , , , , base]) => base?.length === id?.length);
    return {
      deltas: depths.length,
      longestChain: Math.max(0, ...depths.map(([, , , , , depth]) => Number(depth))),
    };
  }

  contents(ids: readonly string[]): Map<string, Buffer> {
    return this.#repository.contents(ids);
  }

  list(commit: string): string[] {
    return this.#repository.list(commit, "-r").map(({ id, path }) => `${id} ${path}`);
  }

  [Symbol.dispose](): void {
    this.#repository[Symbol.dispose]();
  }
}

/** Compares an image of the entries with what git says. @returns how many deltas it has. */
async function compare(
  repository: Repository,
  entries: readonly GeneratedEntry[],
  shape: PackShape,
): Promise<number> {
  const commit = writeGenerated(repository, entries);
  const { pack, idx } = repository.pack(commit, shape);
  const image = assembleImage({ commit, pack, idx });
  using received = new Received(image, repository);
  assert.ok(received.idx.equals(idx));
  assert.equal(received.complaints(commit), "");

  const { verification } = verifyDevice(memoryDevice(image));
  const kinds = received.kinds();
  const of = (kind: string) => kinds.filter(([, other]) => other === kind).map(([id]) => id);
  const [commits, trees, blobs] = [of("commit"), of("tree"), of("blob")];
  const counts = { commit: commits.length, tree: trees.length, blob: blobs.length, tag: 0 };
  assert.equal(verification.hash, repository.format.name);
  assert.deepEqual(verification.objects, counts);
  assert.deepEqual([verification.commit], commits);
  assert.ok(trees.includes(verification.root));
  const { deltas, longestChain, unreachable, sizes } = verification;
  assert.deepEqual({ deltas, longestChain }, received.deltas());
  assert.deepEqual([unreachable, sizes.pack, sizes.idx], [0, pack.length, idx.length]);

  const store = connect(memoryDevice(image), { commit, threads: 1 });
  const contents = received.contents(blobs);
  for await (const { id, value } of store.getAllById(blobs)) {
    assert.ok(value instanceof Uint8Array && contents.get(id)!.equals(value), id);
  }
  const listed = Array.from(
    store.prefix(""),
    ({ id, path }) => `${id} ${Buffer.from(path).toString("latin1")}`,
  );
  assert.deepEqual(listed.toSorted(), received.list(commit).toSorted());
  return deltas;
}

test("git and docteur say the same of generated repositories", async (t) => {
  let deltas = 0;
  let round = 0;
  const property = fc.asyncProperty(generatedTree, fc.constantFrom(...SHAPES), async (entries, shape) => {
    using repository = new Repository(round++ % 4 === 0 ? SHA1 : SHA256);
    deltas += await compare(repository, entries, shape);
  });
  await t.notThrowsAsync(
    fc.assert(property, { numRuns: ROUNDS, endOnFailure: true, includeErrorInReport: true }),
  );
  t.true(round >= ROUNDS);
  t.true(deltas > ROUNDS / 4, `${deltas} deltas`);
});
