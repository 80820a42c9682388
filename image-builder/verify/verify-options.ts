import { InvalidImageError } from "../../reader/errors.ts";
import type { RemoteOptions } from "../../remote/open.ts";
import type { OnVerifyProgress } from "./verify-device.ts";

export interface VerifyOptions {
  readonly onProgress?: OnVerifyProgress | undefined;
  /**
   * Examine every object of a damaged image, and list the damaged ones as the error's `damages`. Default
   * false.
   */
  readonly keepGoing?: boolean | undefined;
  /**
   * Leave the calling thread alone, as one that serves must be. Default false: it does its part of the work,
   * a few milliseconds at a time.
   */
  readonly inBackground?: boolean | undefined;
  /**
   * Detect objects that carry the marks of a known attack on SHA-1, fault `sha1-collision`; docs/STORE.md says
   * which. Default false: for SHA-1 ids it takes three quarters more CPU time. For SHA-256 ids it changes
   * nothing.
   */
  readonly sha1dc?: boolean | undefined;
  /** How an image that lies elsewhere is read. */
  readonly source?: RemoteOptions | undefined;
  /** Aborting ends the work at once; `verifyImage` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An image with at least one fault: the error is the first fault, `damages` has one for each damaged object.
 */
export class DamagedImageError extends InvalidImageError {
  override name = "DamagedImageError";
  readonly damages: readonly InvalidImageError[];

  constructor(first: InvalidImageError, what: string, damages: readonly InvalidImageError[]) {
    super(first.fault, what, first, { cause: first });
    this.damages = damages;
  }
}
