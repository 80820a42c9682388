const SLASH = "/";

/** The most characters of a glob. */
const MAX_GLOB = 1000;

/** A step of a glob. After `folders` comes `inside`, which takes their characters and ends at any slash. */
type Step = { readonly literal: string } | "any" | "star" | "globstar" | "folders" | "inside";

/**
 * A glob for paths of files: `*` is anything but a slash, `?` one character but a slash, `**` anything, and
 * `**` with a slash after it any number of folders, also none. A glob without a slash is one for the file's
 * name in any folder, as in `.gitignore`. A match takes at most as many steps as path and glob have
 * characters, multiplied.
 */
export class Glob {
  readonly #steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  /** @returns undefined if it is too long, or has characters that mean something in other globs only. */
  static parse(text: string): Glob | undefined {
    if (text === "" || text.length > MAX_GLOB || /[[\]{}\\]/.test(text)) return undefined;
    const glob = text.startsWith("/") ? text : text.includes("/") ? `/${text}` : `/**/${text}`;
    const steps: Step[] = [];
    for (const [piece] of glob.matchAll(/\*\*\/|\*{2,}|./gsu)) {
      const isAtStart = isAfterSlash(steps);
      if (piece === "**/" && isAtStart) steps.push("folders", "inside");
      else if (piece === "**/") steps.push("globstar", { literal: SLASH });
      else if (piece.startsWith("**")) steps.push("globstar");
      else if (piece === "*") steps.push("star");
      else if (piece === "?") steps.push("any");
      else steps.push({ literal: piece });
    }
    return new Glob(steps);
  }

  /** @param path with a slash at its start, decoded. */
  matches(path: string): boolean {
    let states = this.#reach(new Uint8Array(this.#steps.length + 1), 0);
    for (const character of path) {
      const next = new Uint8Array(this.#steps.length + 1);
      for (const [index, step] of this.#steps.entries()) {
        if (states[index] === 0) continue;
        const isSeparator = character === SLASH;
        if (typeof step === "object") {
          if (step.literal === character) this.#reach(next, index + 1);
        } else if (step === "any") {
          if (!isSeparator) this.#reach(next, index + 1);
        } else if (step === "inside") {
          this.#reach(next, index);
          if (isSeparator) this.#reach(next, index + 1);
        } else if (step === "globstar" || (step === "star" && !isSeparator)) this.#reach(next, index);
      }
      states = next;
    }
    return states[this.#steps.length] === 1;
  }

  /** Marks a state, and those that it becomes without a character. */
  #reach(states: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> {
    if (states[index] === 1) return states;
    states[index] = 1;
    const step = this.#steps[index];
    if (step === "star" || step === "globstar" || step === "folders") this.#reach(states, index + 1);
    if (step === "folders") this.#reach(states, index + 2);
    return states;
  }
}

function isAfterSlash(steps: readonly Step[]): boolean {
  const last = steps.at(-1);
  return last === "inside" || (typeof last === "object" && last.literal === SLASH);
}
