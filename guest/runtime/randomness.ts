import { randomFillSync } from "node:crypto";
import type { System } from "./system.ts";
import { findV8Generator } from "./v8-generator.ts";

/** Bytes of entropy for the generators of the kernel and of OpenSSL, for the state of V8's, and for those of the system. */
const POOLS = 64;
const V8_STATE = 16;
const SYSTEM_BYTES = 16;

/** Bytes of entropy that a machine gets when it is woken. */
export const ENTROPY_LENGTH = POOLS + V8_STATE + SYSTEM_BYTES;

/** Numbers that are made at a time. */
const BATCH = 128;

/** All that is random in this guest and was made before its host wakes it: any number of others may have the same. */
export class Randomness {
  readonly #system: System;
  readonly #v8Generator: bigint | undefined;
  readonly #systemBytes: bigint | undefined;

  /** @param isCopied whether this guest becomes a template: its memory, and what is random in it, is then that of others. */
  constructor(system: System, isCopied: boolean) {
    this.#system = system;
    Math.random = numbers.random;
    if (!isCopied) return;
    this.#v8Generator = findV8Generator(system.isolate());
    this.#systemBytes = system.randomBytesAddress();
  }

  /**
   * Makes it this guest's own: the kernel's generator, OpenSSL's (`node:crypto`), that from which V8 seeds the contexts to come,
   * `Math.random`, and the random bytes that the kernel has given the process (getauxval(3), `AT_RANDOM`). Threads that start
   * later draw their seeds from these.
   *
   * @param entropy `ENTROPY_LENGTH` bytes that no other guest gets.
   */
  renew(entropy: Uint8Array): void {
    const pools = entropy.subarray(0, POOLS);
    this.#system.addKernelEntropy(pools);
    this.#system.addOpensslEntropy(pools);
    numbers.renew();
    if (this.#v8Generator === undefined || this.#systemBytes === undefined) return;
    const rest = entropy.subarray(POOLS);
    this.#system.writeMemory(this.#v8Generator, rest.subarray(0, V8_STATE));
    this.#system.writeMemory(this.#systemBytes, rest.subarray(V8_STATE));
  }
}

/**
 * What replaces `Math.random` of a context that is there already: V8 has seeded that once and for all. 53 random bits, as a
 * number from 0 to below 1.
 */
export class RandomNumbers {
  readonly #words = new Uint32Array(2 * BATCH);
  #next = this.#words.length;

  readonly random = (): number => {
    if (this.#next === this.#words.length) {
      randomFillSync(this.#words);
      this.#next = 0;
    }
    const high = this.#words[this.#next++]!;
    const low = this.#words[this.#next++]! >>> 11;
    return (high * 2 ** 21 + low) / 2 ** 53;
  };

  /** Gives none any more of those that were made already. */
  renew(): void {
    this.#next = this.#words.length;
  }
}

const numbers = new RandomNumbers();
