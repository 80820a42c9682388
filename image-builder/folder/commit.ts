import { hex } from "../../reader/git/object-id.ts";
import type { Author } from "./author.ts";
import { type CommitDate, formatDate } from "./date.ts";

/**
 * The commit object that a folder becomes, byte for byte as the original writes it: no parents, no message,
 * and the end right after the committer line, without the blank line that git itself would write.
 */
export function encodeFolderCommit(root: Uint8Array, author: Author, date: CommitDate): Uint8Array {
  const who = `${author.name} <${author.email}> ${formatDate(date)}`;
  return Buffer.from(`tree ${hex(root)}\nauthor ${who}\ncommitter ${who}\n`);
}
