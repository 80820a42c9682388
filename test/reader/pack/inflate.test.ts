import { deflateSync, inflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { InflateError, type Inflater } from "../../../reader/pack/inflate.ts";
import { createInflater, type InflateEngine } from "../../../reader/pack/inflaters.ts";

const ENGINES: InflateEngine[] = ["zlib", "pako"];
const inflaters = Object.fromEntries(ENGINES.map((engine) => [engine, createInflater(engine)])) as Record<
  InflateEngine,
  Inflater
>;

const UNTOUCHED = Buffer.alloc(3, 0xee);

/**
 * Inflates with inputs and outputs of the given sizes, over and over. Gives the content and the input that
 * was used.
 */
function inflate(engine: InflateEngine, stream: Uint8Array, inputs: number[], outputs: number[]) {
  const inflater = inflaters[engine];
  inflater.start();
  const parts: Buffer[] = [];
  let at = 0;
  for (let i = 0; at <= stream.length && i < 1e6; i++) {
    const input = stream.subarray(at, at + (inputs[i % inputs.length] as number));
    const length = outputs[i % outputs.length] as number;
    const memory = Buffer.alloc(3 + length + 3, 0xee);
    const { consumed, produced, ended } = inflater.write(
      stream,
      at,
      at + input.length,
      memory,
      3,
      3 + length,
    );
    at += consumed;
    parts.push(memory.subarray(3, 3 + produced));
    if (!UNTOUCHED.equals(memory.subarray(0, 3))) throw new Error("it wrote before its range");
    if (!UNTOUCHED.equals(memory.subarray(3 + length))) throw new Error("it wrote behind its range");
    if (ended) return { content: Buffer.concat(parts), used: at };
    if (input.length === 0) break;
  }
  return { content: Buffer.concat(parts), used: undefined };
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc
    .record({ word: fc.string({ minLength: 1 }), size: fc.nat(9000) })
    .map(({ word, size }) => Buffer.alloc(size, word)),
);
const sizes = (max: number) => fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 5 });

test("both engines inflate what zlib deflates, whatever the pieces, and leave what follows", (t) => {
  const level = fc.integer({ min: 0, max: 9 });
  const property = fc.property(
    content,
    level,
    sizes(5000),
    sizes(100_000),
    (content, level, inputs, outputs) => {
      const stream = deflateSync(content, { level });
      // The last byte of the stream may be the last of a piece, so more must follow, as it does in a PACK.
      const followed = Buffer.concat([stream, Buffer.alloc(40, 0x78)]);
      for (const engine of ENGINES) {
        const result = inflate(engine, followed, inputs, outputs);
        if (!result.content.equals(content) || result.used !== stream.length) return false;
      }
      return true;
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 200 }));
});

test("streams with other windows and strategies are inflated", (t) => {
  const content = Buffer.alloc(100_000, "windows and strategies");
  for (const windowBits of [9, 12, 15]) {
    for (const strategy of [0, 1, 2, 3, 4]) {
      const stream = Buffer.concat([deflateSync(content, { windowBits, strategy }), Buffer.alloc(8)]);
      for (const engine of ENGINES) t.true(inflate(engine, stream, [4096], [8192]).content.equals(content));
    }
  }
});

test("a damaged stream gives the same on both, or is refused by both", (t) => {
  const property = fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), (content, at, change) => {
    const stream = Buffer.concat([deflateSync(content), Buffer.alloc(40)]);
    const changed = at % (stream.length - 40);
    stream[changed] = (stream[changed] as number) ^ change;
    const results = ENGINES.map((engine) => attempt(engine, stream));
    const truth = attemptZlib(stream);
    return results.every((result) => result === truth || (truth === "refused" && result === "unended"));
  });
  t.notThrows(() => fc.assert(property, { numRuns: 300 }));
});

function attempt(engine: InflateEngine, stream: Uint8Array): string {
  try {
    const { content, used } = inflate(engine, stream, [1 << 20], [1 << 18]);
    return used === undefined ? "unended" : content.toString("hex");
  } catch (error) {
    if (error instanceof InflateError) return "refused";
    throw error;
  }
}

function attemptZlib(stream: Uint8Array): string {
  try {
    return inflateSync(stream).toString("hex");
  } catch {
    return "refused";
  }
}

const REFUSED: Record<string, Uint8Array> = {
  "no zlib header": Buffer.alloc(50, 0x41),
  "a gzip header": Buffer.from("1f8b0800000000000003", "hex"),
  "a preset dictionary": deflateSync("the base", { dictionary: Buffer.from("the base") }),
  "a wrong checksum": Buffer.concat([deflateSync("abc").subarray(0, -1), Buffer.alloc(9, 1)]),
  "a reserved block type": Buffer.from("789c07000000", "hex"),
};
for (const engine of ENGINES) {
  for (const [name, stream] of Object.entries(REFUSED)) {
    test(`${engine} refuses ${name}, and goes on with the next stream`, (t) => {
      t.throws(() => inflate(engine, stream, [100], [100]), { instanceOf: InflateError });
      t.is(
        inflate(engine, Buffer.concat([deflateSync("next"), Buffer.of(0)]), [9], [9]).content.toString(),
        "next",
      );
    });
  }

  test(`${engine} does not end a stream that is cut short`, (t) => {
    const stream = deflateSync("a stream that is cut short");
    for (let length = 1; length < stream.length; length++) {
      t.is(inflate(engine, stream.subarray(0, length), [7], [100]).used, undefined);
    }
  });

  test(`${engine} gives another engine that does not disturb it`, (t) => {
    const first = createInflater(engine);
    const second = first.another();
    const stream = Buffer.concat([deflateSync("first content"), Buffer.alloc(9)]);
    const output = Buffer.alloc(100);
    first.start();
    const { consumed, produced } = { ...first.write(stream, 0, 6, output, 0, 100) };
    second.start();
    const other = Buffer.concat([deflateSync("second"), Buffer.alloc(9)]);
    t.true(second.write(other, 0, other.length, Buffer.alloc(100), 0, 100).ended);
    t.true(first.write(stream, consumed, stream.length, output, produced, 100).ended);
    t.is(output.toString("latin1", 0, 13), "first content");
    first.close();
    second.close();
  });
}

test("the default engine is the native one", (t) => {
  t.is(createInflater().constructor.name, "ZlibInflater");
  t.is(createInflater("pako").constructor.name, "PakoInflater");
});
