import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { newTally, type Tally, TreeTallies } from "../../../image-builder/source/tally.ts";

/** Trees of which each names some that come after it. */
const trees = fc.integer({ min: 1, max: 9 }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, index) =>
      fc.record({
        files: fc.nat(9),
        bytes: fc.nat(999),
        lfsPointers: fc.nat(2),
        submodules: fc.nat(2),
        below: fc.array(fc.integer({ min: index + 1, max: Math.max(index + 1, count - 1) }), {
          maxLength: index === count - 1 ? 0 : 3,
        }),
      }),
    ),
  ),
);

/** A tally, and the trees that its tree names. */
interface TreeTally extends Tally {
  readonly below: readonly number[];
}

function sumUp(trees: readonly TreeTally[]): Tally {
  const tallies = new TreeTallies();
  for (const _ of trees) tallies.add();
  for (const [tree, tally] of trees.entries()) tallies.set(tree, tally, tally.below);
  return tallies.sumUp();
}

/** Goes every way there is. */
function walk(trees: readonly TreeTally[], index: number): number[] {
  const { files, bytes, lfsPointers, submodules, below } = trees[index] as TreeTally;
  return below
    .map((each) => walk(trees, each))
    .reduce(
      (sum, each) => sum.map((value, i) => value + (each[i] as number)),
      [files, bytes, lfsPointers, submodules],
    );
}

test("a tree counts once for each path to it", (t) => {
  const property = fc.property(trees, (trees) => {
    const expected = walk(trees, 0);
    const { files, bytes, lfsPointers, submodules } = sumUp(trees);
    assert.deepEqual([files, bytes, lfsPointers, submodules], expected);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
  t.is(sumUp([]).files, 0);
});

test("trees deeper than any stack are walked", (t) => {
  const chain = Array.from({ length: 200_000 }, (_, index) => ({
    ...newTally(),
    files: 1,
    below: index < 199_999 ? [index + 1] : [],
  }));
  t.is(sumUp(chain).files, 200_000);
});
