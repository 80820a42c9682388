import { type EntryType, MODES } from "../guest/git/tree.ts";
import { shownPath } from "./folder/shown-path.ts";
import { git } from "./git.ts";
import { isPointer, mayBePointer } from "./lfs-pointer.ts";

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

const GITLINK = MODES["gitlink" satisfies EntryType].toString(8);

/** Characters before the id, and before the size, of a file that git lists. */
const BEFORE_ID = "100644 blob ".length;
const BEFORE_SIZE = BEFORE_ID + 40;

/** Reads a commit's trees, and of its blobs those that may have to do with Git LFS. */
export async function surveyCommit(gitDir: string, commit: string, signal?: AbortSignal): Promise<Survey> {
  const listed = await git(["ls-tree", "-r", "-l", "-z", "--full-tree", commit], {
    gitDir,
    signal,
    encoding: "latin1",
  });
  const submodules: string[] = [];
  const small: string[] = [];
  let files = 0;
  let bytes = 0;
  for (let at = 0; at < listed.length; ) {
    const end = listed.indexOf("\0", at);
    const tab = listed.indexOf("\t", at);
    // `MODE TYPE ID SIZE`, the size in a column of its own and `-` for a submodule.
    const start = at;
    at = end + 1;
    if (listed.startsWith(GITLINK, start)) {
      submodules.push(shownPath(Buffer.from(listed.slice(tab + 1, end), "latin1")));
      continue;
    }
    const size = Number(listed.slice(start + BEFORE_SIZE, tab));
    files++;
    bytes += size;
    if (mayBePointer(size)) small.push(listed.slice(start + BEFORE_ID, start + BEFORE_SIZE));
  }
  const pointers = (await contents(gitDir, small, signal)).filter(
    // The first characters settle most of them without a copy.
    (text) => text.startsWith("version ") && isPointer(Buffer.from(text, "latin1")),
  );
  return { files, bytes, submodules, lfsPointers: pointers.length };
}

async function contents(gitDir: string, ids: readonly string[], signal?: AbortSignal): Promise<string[]> {
  if (ids.length === 0) return [];
  const input = `${ids.join("\n")}\n`;
  const out = await git(["cat-file", "--batch", "--buffer"], { gitDir, input, signal, encoding: "latin1" });
  const texts: string[] = [];
  for (let at = 0; at < out.length; ) {
    // `ID TYPE SIZE LF`, the content, LF.
    const start = out.indexOf("\n", at) + 1;
    const size = Number(out.slice(out.lastIndexOf(" ", start) + 1, start - 1));
    texts.push(out.slice(start, start + size));
    at = start + size + 1;
  }
  return texts;
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
