/** What a commit holds, as far as it is worth a word to the user. */
export interface Survey {
  /** Files and symbolic links. */
  readonly files: number;
  /** Bytes in all of them together. */
  readonly bytes: number;
  /** Paths where other repositories' commits are recorded, for messages. */
  readonly submodules: readonly string[];
  /** Files that only point to where Git LFS keeps the content. */
  readonly lfsPointers: number;
}

/** Submodules told by name. */
const TOLD = 8;

/** What the user should know of a commit, one line each. */
export function surveyNotes({ submodules, lfsPointers }: Survey): string[] {
  const notes: string[] = [];
  if (submodules.length > 0) {
    const more = submodules.length > TOLD ? `, ... (${submodules.length})` : "";
    const names = submodules.slice(0, TOLD).join(", ");
    notes.push(`submodules are recorded, but what is in them is not in the image: ${names}${more}`);
  }
  if (lfsPointers > 0) {
    const files = lfsPointers === 1 ? "1 file is a pointer" : `${lfsPointers} files are pointers`;
    notes.push(`${files} of Git LFS: the content that LFS keeps elsewhere is not in the image`);
  }
  return notes;
}
