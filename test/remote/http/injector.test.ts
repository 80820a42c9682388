import test from "ava";
import { inject } from "./injector.ts";

/** Runs and seed can be given, to look at a failure again. */
const RUNS = Number(process.env.DOCTEUR_FAULT_RUNS ?? 300);
const SEED = Number(process.env.DOCTEUR_FAULT_SEED ?? Date.now() % 2 ** 31);

test("random faults of a server bring the right bytes or an error of the source", async (t) => {
  t.timeout(900_000);
  t.log(`DOCTEUR_FAULT_SEED=${SEED}`);
  const { ends, faults, wrong } = await inject(SEED, RUNS);
  t.log(Object.fromEntries(ends));
  t.deepEqual(wrong, []);
  t.true(ends.get("right")! > RUNS);
  t.true(faults.size > 10);
});
