import test from "ava";
import { openSample, sample } from "./sample.ts";

function count(mode: RegExp): number {
  return [...sample.entries.values()].filter((entry) => mode.test(entry.mode)).length;
}

for (const step of [1, 7, 100_000]) {
  test(`countPaths counts what git lists, in steps of ${step}`, (t) => {
    const counting = openSample().countPaths();
    while (!counting.step(step));
    t.deepEqual(counting.counts, {
      files: count(/^100/),
      folders: count(/^040/),
      links: count(/^120/),
      submodules: count(/^160/),
    });
  });
}
