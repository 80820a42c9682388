import { randomFillSync } from "node:crypto";
import type { System } from "./system.ts";

/** Numbers that are made at a time. */
const BATCH = 128;

/**
 * Makes all randomness of this guest its own, whatever it has in common with others up to now: the kernel's, OpenSSL's
 * (`node:crypto`) and `Math.random`. Threads that start later draw their seeds from these.
 *
 * @param entropy at least 32 bytes that no other guest gets.
 */
export function renewRandomness(system: System, entropy: Uint8Array): void {
  system.addKernelEntropy(entropy);
  system.addOpensslEntropy(entropy);
  numbers.renew();
}

/**
 * What replaces `Math.random`: V8 seeds its own when the process starts, and has no way to seed it again. 53 random bits,
 * as a number from 0 to below 1.
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

/** Replaces `Math.random`, once: V8 takes its time for a change of what is built in. */
export function replaceRandom(): void {
  Math.random = numbers.random;
}
