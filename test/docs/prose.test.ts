import test from "ava";
import { pages, proseLines } from "./pages.ts";

/** Columns of a line of prose. */
const WIDTH = 110;

/** Words of this project alone that have given way to those of the field, and what to write instead. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:un)?prov(?:es?|ed|ing)\b/i, "verify"],
  [/\bstored whole\b|\bstore(?:s|d)? \w+ (?:\w+ )?whole\b/i, "undeltified"],
  [/\btak(?:es?|en|ing) over\b|\btook over\b/i, "reuse"],
  [/\bpack(?:s|ed)? \w* ?anew\b/i, "repack"],
  [/\bpublications?\b/i, "port mapping"],
  [/\bshel(?:f|ve|ves|ved)\b/i, "template store, save"],
  [/\brehears/i, "warm up"],
  [/\b(?:wakes?|woken|woke|awake)\b/i, "resume"],
  [/\bconversation\b/i, "host channel"],
  [/\bcensus\b/i, "object counts"],
  [/\bforged\b/i, "id mismatch"],
  [/\bsigns? of life\b/i, "activity"],
  [/\brooms?\b(?! for\b)/i, "package, layer, output buffer"],
  [/\bfootprint\b/i, "memory budget"],
  [/\bboards?\b/i, "work queue"],
  [/\bwhoever\b|\bsees? to it\b|\b(?:is|are) told\b|\bgiven away\b/i, "a subject and a verb"],
];

test(`a line of prose in a document has at most ${WIDTH} columns`, (t) => {
  for (const { path, text } of pages) {
    for (const { line, number } of proseLines(text)) {
      // A table's row cannot be broken, nor can a URL or a code span.
      if (line.length <= WIDTH || /^\s*\|/.test(line) || /^#/.test(line)) continue;
      const unbreakable = /^\s*(?:[-*] |\d+\. )?(?:\S*https?:\S+|!?\[[^\]]*\]\([^)]*\)|`[^`]*`)\S*$/.test(
        line,
      );
      t.true(unbreakable, `${path}:${number}: ${line.length} columns`);
    }
  }
});

test("the documents use the field's words", (t) => {
  for (const { path, text } of pages) {
    const prose = proseLines(text).map(({ line }) => line.replace(/`[^`]*`/g, "`code`"));
    for (const [word, instead] of WORDS) {
      const found = word.exec(prose.join(" "));
      t.is(found?.[0], undefined, `${path}: write ${instead}`);
    }
  }
});
