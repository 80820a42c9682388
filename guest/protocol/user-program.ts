import { type Frame, FrameType } from "./frame.ts";

/** A program of the user's own, as the host has bundled it. */
export interface UserProgram {
  /** The text of an ECMAScript module that imports only modules of Node. */
  readonly code: Uint8Array;
  /** Its source map (ECMA-426), as JSON. */
  readonly map: Uint8Array;
}

/** Assembles a program from its frames. */
export class ProgramParts {
  readonly #code: Uint8Array[] = [];
  readonly #map: Uint8Array[] = [];

  /** Takes a frame. @returns false if it is no part of a program. */
  take({ type, payload }: Frame): boolean {
    if (type === FrameType.PROGRAM) this.#code.push(payload);
    else if (type === FrameType.PROGRAM_MAP) this.#map.push(payload);
    else return false;
    return true;
  }

  /** The program; undefined if no part of one has arrived. */
  get program(): UserProgram | undefined {
    if (this.#code.length === 0) return undefined;
    return { code: Buffer.concat(this.#code), map: Buffer.concat(this.#map) };
  }
}
