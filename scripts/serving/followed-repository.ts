import type { ImageSource } from "./image-source.ts";

/** A repository whose commits are served, one after the other. */
export interface Followed {
  /** See `parseEndpoint` for its forms. */
  readonly repository: string;
  /** Branch or tag. Default: its HEAD. */
  readonly ref?: string | undefined;
  /** Seconds between two looks, from 1. */
  readonly every: number;
  /** Store every file undeltified. */
  readonly withoutDeltas: boolean;
}

/** A repository as the source of images: each new commit of a ref becomes the image at a path. */
export class FollowedRepository implements ImageSource {
  readonly interval: number;
  readonly looksAtOnce = true;
  readonly retries = true;
  readonly #followed: Followed;
  readonly #image: string;
  #served: string | undefined;

  /** @param image the path of the image. @param served the commit of the image that is there. */
  constructor(followed: Followed, image: string, served: string | undefined) {
    this.interval = followed.every * 1000;
    this.#followed = followed;
    this.#image = image;
    this.#served = served;
  }

  /** Makes an image of the commit unless it is served. @throws {DocteurError} those of `makeImage`. */
  async look(signal: AbortSignal): Promise<boolean> {
    const { resolveSource } = await import("../../image-builder/index.ts");
    const { repository, ref } = this.#followed;
    if ((await resolveSource({ repository, ref, signal })) === this.#served) return false;
    await this.make(signal);
    return true;
  }

  /** Makes the image. @returns its commit, and notes for the user. */
  async make(signal: AbortSignal): Promise<{ commit: string; notes: readonly string[] }> {
    const { makeImage } = await import("../../image-builder/index.ts");
    const { repository, ref, withoutDeltas } = this.#followed;
    return await makeImage({ repository, ref, image: this.#image, withoutDeltas, signal });
  }

  onServed(commit: string): void {
    this.#served = commit;
  }
}
