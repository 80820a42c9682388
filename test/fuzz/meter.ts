import { readFileSync, writeFileSync } from "node:fs";

/** The call that took most of something. */
export interface Most {
  readonly value: number;
  readonly call: string;
}

/**
 * Measures calls: seconds of CPU of this process, its collector's threads included, and the most memory that
 * it held.
 */
export class Meter {
  readonly #limit: number;
  #cpu: Most = { value: 0, call: "" };

  /** @param limit seconds of CPU that a call may take. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The call that took most CPU. */
  get cpu(): Most {
    return this.#cpu;
  }

  /** Restarts the measure of memory (proc(5), /proc/pid/clear_refs, 5). */
  start(): void {
    this.#cpu = { value: 0, call: "" };
    writeFileSync("/proc/self/clear_refs", "5");
  }

  /** MiB of memory at most, since `start`. */
  get memory(): number {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1024;
  }

  /** @throws {Error} if it takes more CPU than it may. */
  call(name: string, work: () => void): void {
    const before = process.cpuUsage();
    try {
      work();
    } finally {
      this.#note(name, before);
    }
  }

  /** @throws {Error} as `call`. */
  async turns(name: string, work: () => Promise<void>): Promise<void> {
    const before = process.cpuUsage();
    try {
      await work();
    } finally {
      this.#note(name, before);
    }
  }

  #note(call: string, before: NodeJS.CpuUsage): void {
    const { user, system } = process.cpuUsage(before);
    const value = (user + system) / 1e6;
    if (value > this.#cpu.value) this.#cpu = { value, call };
    if (value > this.#limit)
      throw new Error(`${call} took ${value.toFixed(1)} s of CPU, of at most ${this.#limit}`);
  }
}
