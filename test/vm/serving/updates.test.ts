import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../../temporary-folder.ts";
import { descendants } from "../fixture.ts";
import { Load } from "./load.ts";
import { startSite } from "./site.ts";
import { makeVersions } from "./versions.ts";

/** What happens to a site under load: another image, the same once more by SIGHUP, the end of a machine. */
type Step = "replace" | "reload" | "kill";

async function underLoad(t: ExecutionContext, options: readonly string[], clients: number, steps: Step[]) {
  const folder = temporaryFolder(t);
  const versions = await makeVersions(folder, 1 + steps.filter((step) => step === "replace").length);
  const image = join(folder, "site.img");
  copyFileSync(versions[0]!.image, image);
  const site = await startSite(t, [...options, "--watch", image]);
  const load = new Load(site.port, versions, clients);
  await load.answers(2);
  let [swaps, kills] = [0, 0];
  for (const step of steps) {
    if (step === "kill") {
      await load.kill(site.machines().at(-1)!, site.line(/; starting another machine$/, ++kills));
    } else {
      if (step === "replace") {
        load.published++;
        const next = join(folder, "next.img");
        copyFileSync(versions[load.published]!.image, next);
        renameSync(next, image);
      } else site.child.kill("SIGHUP");
      t.regex(
        await site.line(/: serving commit /, ++swaps),
        new RegExp(`${versions[load.published]!.commit}$`),
      );
      load.confirmed = load.published;
    }
    await load.answers(4);
    if (load.seen.faults.length > 0) break;
  }
  const { answers, retried, faults } = await load.end();
  t.deepEqual(faults, []);
  t.true(
    answers.every((count) => count > 0),
    `answers by version: ${answers}`,
  );
  if (kills === 0) t.is(retried, 0);
  t.log(`${answers.reduce((sum, each) => sum + each)} answers, ${retried} retried at ${kills} kills`);
  t.is(site.lines.filter((line) => /not updated/.test(line)).length, 0);
  t.is(await site.end(), 143);
  t.deepEqual(descendants(process.pid), []);
}

const SWAPS_AND_KILLS: Step[] = [
  ...(["replace", "replace", "reload", "kill", "replace", "reload", "replace"] as const),
  ...(["kill", "replace", "replace", "reload", "kill", "replace"] as const),
];

test.serial("under load, ten swaps lose no request, and three kills only answers they cut", (t) =>
  underLoad(t, ["-t", "unix"], 8, SWAPS_AND_KILLS),
);

test.serial("the same with two processes that serve", (t) =>
  underLoad(t, ["-t", "unix", "--replicas", "2"], 8, ["replace", "kill", "replace", "reload"]),
);

test.serial("in machines, two swaps lose no request, and a kill only answers that it cuts", (t) =>
  underLoad(t, [], 4, ["replace", "kill", "replace"]),
);
