/** The folder of blocks within the cache's. */
export const BLOCKS = "blocks";

/** The folder in that of blocks with what openings have learned. */
export const OPENINGS = "openings";

/** The file in an image's folder that says what it is. */
export const ABOUT = "about.json";

/** In the folder of blocks: as many bytes as there are blocks, at a guess. */
export const COUNT = "count";

/** What the file `about.json` has. */
export interface ImageAbout {
  /** What messages call the image. */
  readonly display: string;
  /** Bytes. */
  readonly size: number;
}

export function claimName(block: number): string {
  return `${block}.claim`;
}

export function isSegmentName(name: string): boolean {
  return /^\d+$/.test(name);
}

/** The name of an image's folder: the start of a SHA-256 of its key. */
export function isImageName(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}
