import test from "ava";
import fc from "fast-check";
import { GitProgress } from "../../../image-builder/source/git-progress.ts";

const SAID = [
  "remote: Enumerating objects: 12, done.        \n",
  "remote: Counting objects:  50% (6/12)\rremote: Counting objects: 100% (12/12), done.\n",
  "Receiving objects: 100% (12/12), 1.2 KiB | 1.2 MiB/s, done.\n",
  "warning: something\nfatal: it broke",
].join("");

test("progress lines are separated from the rest, however the output is split", (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(SAID.length)), (cuts) => {
      const seen: unknown[] = [];
      const progress = new GitProgress((...event) => seen.push(event));
      const ends = [...cuts.sort((a, b) => a - b), SAID.length];
      for (const [i, end] of ends.entries()) progress.write(SAID.slice(ends[i - 1] ?? 0, end));
      t.is(progress.rest(), "warning: something\nfatal: it broke\n");
      t.deepEqual(seen, [
        ["Counting objects", 6, 12],
        ["Counting objects", 12, 12],
        ["Receiving objects", 12, 12],
      ]);
    }),
  );
});

test("the end of long output of git is kept", (t) => {
  const progress = new GitProgress(undefined);
  for (let i = 0; i < 10_000; i++) progress.write(`error: line ${i} of many\n`);
  const rest = progress.rest();
  t.true(rest.length <= 64 * 1024);
  t.true(rest.endsWith("line 9999 of many\n"));
});
