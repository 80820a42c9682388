import type { ObjectKind } from "../../reader/git/object.ts";

/** An object to pack. */
export interface PackObject {
  /** Hexadecimal digits. */
  readonly id: string;
  readonly kind: ObjectKind;
  /** Bytes of its content. */
  readonly size: number;
  /**
   * A path that it has, its bytes as Latin-1, without a slash at the start; empty for the root and the
   * commit.
   */
  readonly path: string;
}
