import test from "ava";
import { injectIntoStore } from "./store-injector.ts";

/** Runs and seed can be given, to look at a failure again. */
const RUNS = Number(process.env.DOCTEUR_FAULT_RUNS ?? 30);
const SEED = Number(process.env.DOCTEUR_FAULT_SEED ?? Date.now() % 2 ** 31);

test("the store gives the right bytes or an error, whatever bits and connections do", async (t) => {
  t.timeout(900_000);
  t.log(`DOCTEUR_FAULT_SEED=${SEED}`);
  const { ends, faults, wrong } = await injectIntoStore(SEED, RUNS);
  t.log(Object.fromEntries(ends), Object.fromEntries(faults));
  t.deepEqual(wrong, []);
  t.true(ends.get("right")! > 0);
  t.true(faults.get("bits")! > 0);
});
