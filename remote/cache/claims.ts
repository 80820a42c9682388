import { lstatSync, lutimesSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { hasEnded, processName } from "../../reader/process-name.ts";

/** Milliseconds after which a claim that was not renewed counts no more, and between two renewals. */
const LIFE_MS = 5000;
const RENEWAL_MS = 1500;

/** Milliseconds between two looks whether a claim of another process is free: the first, and the longest. */
export const LOOK = { first: 2, longest: 50 } as const;

/** Milliseconds for which it is believed that an owner is alive. */
const CHECK_MS = 200;

/**
 * What this process is about to fetch, said to the others that share a cache. A claim is a symbolic link: it
 * is made at once with the name of its owner, or not at all as it is there already. Nobody waits for one whose
 * owner has died, or has not renewed it.
 */
export class Claims {
  readonly #name = processName();
  readonly #held = new Set<string>();
  /** The owner that was looked for last: those who wait look often. */
  #owner = { name: "", ended: false, checked: 0 };
  #renewal: ReturnType<typeof setInterval> | undefined;

  /** @returns false if another holds it. True also if no claim can be made there. */
  take(path: string): boolean {
    if (this.#make(path)) return true;
    if (!this.isFree(path)) return false;
    try {
      unlinkSync(path);
    } catch (error) {
      // Of a cache that cannot be written, the claim stays for ever.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return true;
    }
    return this.#make(path);
  }

  /** Gives a claim back, if this process holds it. */
  release(path: string): void {
    if (!this.#held.delete(path)) return;
    if (this.#held.size === 0) {
      clearInterval(this.#renewal);
      this.#renewal = undefined;
    }
    try {
      if (readlinkSync(path) === this.#name) unlinkSync(path);
    } catch {
      // None could be made, or another process has taken it for abandoned and is done.
    }
  }

  /** Whether nobody who is alive holds a claim. */
  isFree(path: string): boolean {
    try {
      const { mtimeMs } = lstatSync(path);
      return Math.abs(Date.now() - mtimeMs) > LIFE_MS || this.#hasEnded(readlinkSync(path), mtimeMs);
    } catch {
      return true;
    }
  }

  #hasEnded(owner: string, modified: number): boolean {
    if (owner === this.#name) return false;
    const now = Date.now();
    if (this.#owner.name !== owner || now > this.#owner.checked + CHECK_MS) {
      this.#owner = { name: owner, ended: hasEnded(owner, modified), checked: now };
    }
    return this.#owner.ended;
  }

  /** @returns false if there is one already. True also if none can be made. */
  #make(path: string): boolean {
    try {
      symlinkSync(this.#name, path);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== "EEXIST";
    }
    this.#held.add(path);
    this.#renewal ??= setInterval(() => this.#renew(), RENEWAL_MS).unref();
    return true;
  }

  #renew(): void {
    const now = Date.now() / 1000;
    for (const path of this.#held) {
      try {
        lutimesSync(path, now, now);
      } catch {
        // Another process has taken it for abandoned.
      }
    }
  }
}
