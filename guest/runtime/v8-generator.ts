import * as fs from "node:fs";

/** Of an isolate, as V8 has it in memory, the first so many bytes; where the generator is told of is in the middle. */
const ISOLATE_LENGTH = 128 * 1024;

/** What is allocated in C++ begins at a multiple of this. */
const ALIGNMENT = 16n;

/** A generator: the seed that it began with, and two words of state. */
const WORD = 8;
const GENERATOR_LENGTH = 3 * WORD;

/** How many numbers V8 may draw where one is expected. */
const MAX_STEPS = 8;

/**
 * Finds the state of V8's generator of random numbers, from which every context of this thread that is made later gets the seed of
 * its `Math.random`. V8 offers no way to it. Its isolate points to it, though, and what it does can be known: it is an
 * xorshift128+ (V8, src/base/utils/random-number-generator.h), and a new symbol draws a number.
 *
 * @param isolate the address of this thread's isolate.
 * @returns the address of the state, 16 bytes that are not all zero.
 * @throws if there is not one place that behaves like that.
 */
export function findV8Generator(isolate: bigint): bigint {
  const memory = new Memory();
  try {
    // The generator is made when a number is drawn. Symbols that nobody has are not made, when the program is bundled.
    const drawn = [Symbol()];
    const before = [...addressesIn(memory.read(isolate, ISOLATE_LENGTH))].map(
      (address) => [address, memory.read(address, GENERATOR_LENGTH)] as const,
    );
    drawn.push(Symbol());
    const found = before
      .filter(([address, bytes]) => hasStepped(bytes, memory.read(address, GENERATOR_LENGTH)))
      .map(([address]) => address);
    if (found.length !== 1) throw new Error(`V8's generator may be in ${found.length} places`);
    return found[0]! + BigInt(WORD);
  } finally {
    memory.close();
  }
}

/** Whatever may be the address of an object of V8's own. */
function addressesIn(bytes: Buffer): Set<bigint> {
  const addresses = new Set<bigint>();
  for (let at = 0; at + WORD <= bytes.length; at += WORD) {
    const word = bytes.readBigUInt64LE(at);
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
    // The state that goes with zeros is zeros for ever.
    if (isThere) return first !== 0n;
  }
  return false;
}

/** A step of xorshift128+ (Vigna, "Further scramblings of Marsaglia's xorshift generators", 2014). */
function next(first: bigint, second: bigint): [bigint, bigint] {
  const mixed = first ^ BigInt.asUintN(64, first << 23n);
  return [second, mixed ^ (mixed >> 17n) ^ second ^ (second >> 26n)];
}

/** The memory of this process, which can be asked for what is not there. */
class Memory {
  readonly #file = fs.openSync("/proc/self/mem", "r");

  /** As much as there is from an address on. */
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
