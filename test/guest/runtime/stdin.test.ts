import test from "ava";
import { Stdin } from "../../../guest/runtime/stdin.ts";
import { Stop } from "../../../guest/runtime/stop.ts";

test("stdin asks for input only when the program waits for it", async (t) => {
  const answers = [["a", "b"], ["c"], []];
  let asked = 0;
  const stdin: Stdin = new Stdin(() => {
    const answer = answers[asked++]!;
    for (const piece of answer) stdin.push(Buffer.from(piece));
    if (answer.length === 0) stdin.end();
  });
  const seen: string[] = [];
  t.is(asked, 0);
  for await (const piece of stdin) seen.push(`${Buffer.from(piece)}${asked}`);
  t.deepEqual(seen, ["a1", "b1", "c2"]);
  t.is(asked, 3);
  for await (const _ of stdin) t.fail("it has ended");
  t.is(asked, 3, "an input that has ended is not asked again");
});

test("an answer may come later", async (t) => {
  const stdin = new Stdin(() => setImmediate(() => stdin.end()));
  for await (const _ of stdin) t.fail("there is nothing");
  t.pass();
});

test("stdin asks once for all readers that wait, and all of them go on", async (t) => {
  let asked = 0;
  const stdin = new Stdin(() => asked++);
  const seen: string[] = [];
  const readers = Array.from({ length: 3 }, async () => {
    for await (const piece of stdin) seen.push(Buffer.from(piece).toString());
  });
  for (const piece of ["a", "b", "c"]) {
    await new Promise(setImmediate);
    stdin.push(Buffer.from(piece));
  }
  await new Promise(setImmediate);
  t.deepEqual(seen.sort(), ["a", "b", "c"]);
  t.is(asked, 4, "once for each piece, and once more");
  stdin.end();
  await Promise.all(readers);
});

test("a program that never took its signal is not asked", (t) => {
  t.false(new Stop().ask("SIGTERM"));
  const stop = new Stop();
  const signal = stop.take();
  t.true(stop.ask("SIGINT"));
  t.true(signal.aborted);
  t.is(signal.reason, "SIGINT");
});
