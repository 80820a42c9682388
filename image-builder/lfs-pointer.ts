/** A pointer has fewer bytes (Git LFS's specification, "The Pointer"). */
const LIMIT = 1024;

/** How every pointer begins; after it, at least the content's hash and its size follow. */
const START = Buffer.from("version https://git-lfs.github.com/spec/v1\n");
const REST = "oid sha256:".length + 64 + "\nsize 1\n".length;

/** Whether a file of so many bytes may be a pointer. */
export function mayBePointer(size: number): boolean {
  return size >= START.length + REST && size < LIMIT;
}

/** Whether a file with this content stands where Git LFS keeps the content elsewhere. */
export function isPointer(content: Uint8Array): boolean {
  return mayBePointer(content.length) && START.compare(content, 0, START.length) === 0;
}
