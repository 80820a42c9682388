import { type Frame, FrameType } from "./frame.ts";

/** A program of the user's own, as the host has bundled it. */
export interface UserProgram {
  /** The text of an ECMAScript module that imports nothing but what is Node's. */
  readonly code: Uint8Array;
  /** Its source map (ECMA-426), as JSON. */
  readonly map: Uint8Array;
}

/** Puts a program together from the frames in which it comes. */
export class ProgramParts {
  readonly #code: Uint8Array[] = [];
  readonly #map: Uint8Array[] = [];

  /** @returns false if the frame is no part of a program. */
  take({ type, payload }: Frame): boolean {
    if (type === FrameType.PROGRAM) this.#code.push(payload);
    else if (type === FrameType.PROGRAM_MAP) this.#map.push(payload);
    else return false;
    return true;
  }

  /** The program, if any part of one has come. */
  get program(): UserProgram | undefined {
    if (this.#code.length === 0) return undefined;
    return { code: Buffer.concat(this.#code), map: Buffer.concat(this.#map) };
  }
}
