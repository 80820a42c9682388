import { randomFillSync } from "node:crypto";
import { POOLS, V8_STATE } from "../../protocol/entropy.ts";
import type { System } from "../system.ts";
import { findV8Generator } from "./v8-generator.ts";

/** `Math.random` draws this many numbers at a time. */
const BATCH = 128;

/**
 * The random values that this guest has from before its host resumes it. Every guest of the same template has
 * the same.
 */
export class Randomness {
  readonly #system: System;
  readonly #v8Generator: bigint | undefined;
  readonly #atRandom: bigint | undefined;

  /** @param isCopied whether this guest becomes a template, whose memory others start from. */
  constructor(system: System, isCopied: boolean) {
    this.#system = system;
    Math.random = numbers.random;
    if (!isCopied) return;
    this.#v8Generator = findV8Generator(system.isolate());
    this.#atRandom = system.atRandom();
  }

  /**
   * Replaces them: the state of the kernel's generator, of OpenSSL's (`node:crypto`) and of the one that
   * seeds V8's new contexts, the numbers of `Math.random`, and the random bytes that the kernel gave the
   * process (getauxval(3), `AT_RANDOM`). New threads draw their seeds from these.
   *
   * @param entropy `ENTROPY_LENGTH` bytes that no other guest gets.
   */
  renew(entropy: Uint8Array): void {
    const pools = entropy.subarray(0, POOLS);
    this.#system.addKernelEntropy(pools);
    this.#system.addOpensslEntropy(pools);
    numbers.renew();
    if (this.#v8Generator === undefined || this.#atRandom === undefined) return;
    const rest = entropy.subarray(POOLS);
    this.#system.writeMemory(this.#v8Generator, rest.subarray(0, V8_STATE));
    this.#system.writeMemory(this.#atRandom, rest.subarray(V8_STATE));
  }
}

/**
 * Replaces `Math.random` of the contexts that exist already, which V8 never seeds again. A number has 53
 * random bits and is at least 0 and less than 1.
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

  /** Drops the numbers that are drawn already. */
  renew(): void {
    this.#next = this.#words.length;
  }
}

const numbers = new RandomNumbers();
