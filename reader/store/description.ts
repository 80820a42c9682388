import type { EntryType } from "../git/tree.ts";
import type { Kind } from "./kind.ts";

/** The metadata of a path. */
export interface Description {
  /** Without links, `.` and `..`; bytes, no slash at the ends. */
  readonly path: Uint8Array;
  readonly kind: Kind;
  readonly type: EntryType;
  /** Object id, hexadecimal. */
  readonly id: string;
  /**
   * Bytes of a file, or of a link's target; 0 for a folder. Read from the headers of its entry, without
   * inflating it.
   */
  readonly size: number;
}
