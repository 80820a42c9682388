/** Numbers and submodules of a commit, for the user. */
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

/** Submodules that a note names. */
const SHOWN = 8;

/** Notes for the user, one line each. */
export function surveyNotes({ submodules, lfsPointers }: Survey): string[] {
  const notes: string[] = [];
  if (submodules.length > 0) {
    const more = submodules.length > SHOWN ? `, ... (${submodules.length})` : "";
    const names = submodules.slice(0, SHOWN).join(", ");
    notes.push(`the image has no files of submodules: ${names}${more}`);
  }
  if (lfsPointers > 0) {
    const files = lfsPointers === 1 ? "1 file is a pointer" : `${lfsPointers} files are pointers`;
    notes.push(`${files} of Git LFS: the image does not have the content, which LFS keeps elsewhere`);
  }
  return notes;
}
