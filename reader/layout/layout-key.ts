import { LONGEST_KEY } from "./format.ts";
import { endFolderKey, KEY_OVERHEAD } from "./keys.ts";

const SLASH = 0x2f;

/** A buffer for the key of one path after the other. */
export class LayoutKey {
  /** Its first `length` bytes are the key. */
  readonly bytes: Uint8Array = new Uint8Array(LONGEST_KEY + KEY_OVERHEAD);
  length = 0;

  /**
   * Sets it to what the keys of the entries of a folder begin with.
   * @returns false if no folder of a layout has this path: it is too long, or has a NUL in it.
   */
  setFolder(path: Uint8Array): boolean {
    if (path.length + KEY_OVERHEAD > LONGEST_KEY || path.includes(0)) return false;
    this.bytes.set(path);
    this.length = endFolderKey(this.bytes, path.length);
    return true;
  }

  /**
   * Sets it to the key of what a path names, if it is no folder; not for the root.
   * @returns false if no entry of a layout has this path.
   */
  setPath(path: Uint8Array): boolean {
    const slash = path.lastIndexOf(SLASH);
    return this.setFolder(path.subarray(0, Math.max(0, slash))) && this.add(path.subarray(slash + 1));
  }

  /** Adds a name to the beginning of keys. @returns false if no entry of a layout has this name there. */
  add(name: Uint8Array): boolean {
    // A slash may follow.
    if (name.length === 0 || this.length + name.length + 1 > LONGEST_KEY || name.includes(0)) return false;
    this.bytes.set(name, this.length);
    this.length += name.length;
    return true;
  }

  /** Makes the key of an entry that of a folder with the same path. */
  toFolderEntry(): void {
    this.bytes[this.length++] = SLASH;
  }
}
