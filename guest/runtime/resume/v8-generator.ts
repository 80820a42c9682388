import * as fs from "node:fs";

/** Bytes of an isolate to search. The pointer to the generator is near their middle. */
const ISOLATE_LENGTH = 128 * 1024;

/** Addresses of C++ objects are multiples of this. */
const ALIGNMENT = 16n;

/** A generator in memory: its first seed, and two words of state. */
const WORD = 8;
const GENERATOR_LENGTH = 3 * WORD;

/** V8 may draw up to this many numbers where one is expected. */
const MAX_STEPS = 8;

/**
 * Finds the state of V8's random number generator, which seeds `Math.random` of every context that this
 * thread makes. V8 has no function that returns or reseeds it. But the isolate points to it, and its steps
 * can be predicted: it is an xorshift128+ (V8, src/base/utils/random-number-generator.h), and each new symbol
 * draws a number from it.
 *
 * @param isolate the address of this thread's isolate.
 * @returns the address of the state: 16 bytes, not all of them zero.
 * @throws {Error} if not exactly one object behaves like the generator.
 */
export function findV8Generator(isolate: bigint): bigint {
  const memory = new Memory();
  try {
    // The first symbol makes V8 create the generator. The array keeps the bundler from removing the calls.
    const drawn = [Symbol()];
    const before = [...addressesIn(memory.read(isolate, ISOLATE_LENGTH))].map(
      (address) => [address, memory.read(address, GENERATOR_LENGTH)] as const,
    );
    drawn.push(Symbol());
    const found = before
      .filter(([address, bytes]) => hasStepped(bytes, memory.read(address, GENERATOR_LENGTH)))
      .map(([address]) => address);
    if (found.length !== 1) throw new Error(`${found.length} objects look like V8's random number generator`);
    return found[0]! + BigInt(WORD);
  } finally {
    memory.close();
  }
}

/** Returns the words that may be addresses of C++ objects. */
function addressesIn(bytes: Buffer): Set<bigint> {
  const addresses = new Set<bigint>();
  for (let offset = 0; offset + WORD <= bytes.length; offset += WORD) {
    const word = bytes.readBigUInt64LE(offset);
    if (word !== 0n && word % ALIGNMENT === 0n && word < 1n << 47n) addresses.add(word);
  }
  return addresses;
}

function hasStepped(before: Buffer, after: Buffer): boolean {
  if (before.length < GENERATOR_LENGTH || before.equals(after)) return false;
  let [first, second] = [before.readBigUInt64LE(WORD), before.readBigUInt64LE(2 * WORD)];
  for (let step = 0; step < MAX_STEPS; step++) {
    [first, second] = next(first, second);
    const isThere = after.readBigUInt64LE(WORD) === first && after.readBigUInt64LE(2 * WORD) === second;
    // A state of zeros stays zero for ever.
    if (isThere) return first !== 0n;
  }
  return false;
}

/** A step of xorshift128+ (Vigna, "Further scramblings of Marsaglia's xorshift generators", 2014). */
function next(first: bigint, second: bigint): [bigint, bigint] {
  const mixed = first ^ BigInt.asUintN(64, first << 23n);
  return [second, mixed ^ (mixed >> 17n) ^ second ^ (second >> 26n)];
}

/** The memory of this process. A read of an unmapped address is safe. */
class Memory {
  readonly #file = fs.openSync("/proc/self/mem", "r");

  /** Returns the bytes from an address on, as far as they are mapped. */
  read(address: bigint, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    try {
      return bytes.subarray(0, fs.readSync(this.#file, bytes, 0, length, address));
    } catch {
      return bytes.subarray(0, 0);
    }
  }

  close(): void {
    fs.closeSync(this.#file);
  }
}
