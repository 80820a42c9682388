import { readFileSync } from "node:fs";
import test from "ava";
import { boundsOf, LARGEST_LIST, LISTED_PER_OBJECT, MAX_CHAIN, MOST_HELD } from "../../reader/bounds.ts";
import { COST } from "../../reader/pack/work.ts";

const PAGE = readFileSync(new URL("../../docs/STORE.md", import.meta.url), "utf8").replaceAll("\n", " ");
const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** A bound of work as the page has it. */
function formula(of: (packBytes: number) => number): string {
  return `${of(0) / GIB} GiB + ${of(1) - of(0)} P`;
}

test("the table of bounds in STORE.md is that of the program", (t) => {
  const number = (value: number) => value.toLocaleString("en-US");
  const { deltaObjectSize, lookupWork, listedEntries, listedBytes, countingWork } = boundsOf(0);
  for (const text of [
    `copied is ${COST.copiedByte}, hashed ${COST.hashedByte}, inflated ${COST.inflatedByte},`,
    `a delta ${COST.instruction}, a delta ${number(COST.delta)}, a byte of a tree that is parsed ${COST.parsedByte}, and ${COST.sortedByte} more`,
    `| chain of deltas | ${number(MAX_CHAIN)}, the most that git makes |`,
    `| ${formula((bytes) => boundsOf(bytes).objectWork)} |`,
    `| ${formula((bytes) => boundsOf(bytes).commandWork)}; \`verify\` ${number(2 * COST.delta)} for each object`,
    `| ${deltaObjectSize / MIB} MiB, or ${boundsOf(GIB).deltaObjectSize / GIB} P if that is more;`,
    `| ${lookupWork / GIB} GiB, some 60 MB of folders`,
    `| ${number(LARGEST_LIST)}; \`folder\` has no bound |`,
    `| ${listedEntries / 1e6} million, and ${LISTED_PER_OBJECT.entries} for each object`,
    `| ${listedBytes / MIB} MiB, and ${number(LISTED_PER_OBJECT.bytes)} for each object;`,
    `| ${MOST_HELD / MIB} MiB; for \`prefix\``,
    `1 million of them, ${countingWork / GIB} GiB of work;`,
  ]) {
    t.true(PAGE.includes(text), text);
  }
});
