import test from "ava";
import fc from "fast-check";
import { BatchedOutput } from "../../../guest/unikernels/batched-output.ts";

/** What reaches the console: each call's stream and bytes. */
function recorded() {
  const calls: { stream: "out" | "err"; bytes: Buffer }[] = [];
  const record = (stream: "out" | "err") => (data: Uint8Array | string) =>
    void calls.push({ stream, bytes: Buffer.from(data) });
  return { calls, console: { write: record("out"), error: record("err") } };
}

/** The bytes of each stream, in the order in which they alternate. */
function runs(calls: readonly { stream: string; bytes: Buffer }[]): [stream: string, text: string][] {
  const joined: [string, string][] = [];
  for (const { stream, bytes } of calls) {
    const text = bytes.toString("latin1");
    const last = joined.at(-1);
    if (last?.[0] === stream) last[1] += text;
    else if (text !== "") joined.push([stream, text]);
  }
  return joined;
}

/** Lengths about the buffer's, and small ones. */
const length = fc.oneof(fc.nat(100), fc.integer({ min: 65_400, max: 65_600 }), fc.nat(200_000));

test("any calls give the same bytes, in the same order beside standard error, as without a buffer", (t) => {
  const call = fc.record({
    kind: fc.constantFrom("write", "shared", "text", "line", "ascii", "error", "flush"),
    length,
    letter: fc.constantFrom("a", "b", "c"),
  });
  const property = fc.property(fc.array(call, { maxLength: 30 }), (script) => {
    const { calls, console } = recorded();
    const output = new BatchedOutput(console);
    const expected: { stream: "out" | "err"; bytes: Buffer }[] = [];
    for (const { kind, length, letter } of script) {
      const text = letter.repeat(kind === "ascii" ? Math.min(length, 65_536) : length);
      const bytes = Buffer.from(text);
      if (kind === "write") output.write(bytes);
      else if (kind === "shared") {
        const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
        shared.set(bytes);
        output.write(shared);
        shared.fill(0);
      } else if (kind === "text") output.write(text);
      else if (kind === "line") output.line(bytes);
      else if (kind === "ascii") output.ascii(text);
      else if (kind === "error") output.error(text);
      else output.flush();
      // What was written may be memory that is used again.
      bytes.fill(0);
      const end = kind === "line" ? "\n" : "";
      if (kind !== "flush") {
        expected.push({ stream: kind === "error" ? "err" : "out", bytes: Buffer.from(text + end) });
      }
    }
    output.flush();
    const [actual, wanted] = [runs(calls), runs(expected)];
    return actual.length === wanted.length && actual.every(([, text], i) => text === wanted[i]![1]);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 200 }));
});

test("small writes become few, and a large one is not copied", (t) => {
  const { calls, console } = recorded();
  const output = new BatchedOutput(console);
  for (let i = 0; i < 100_000; i++) output.line(Buffer.from("name"));
  output.flush();
  t.is(calls.length, Math.ceil(500_000 / 65_535));
  output.flush();
  const large = new Uint8Array(100_000);
  let passed: unknown;
  new BatchedOutput({ write: (data) => (passed = data), error: () => {} }).write(large);
  t.is(passed, large);
});
