/** Entries whose name an entry before them in the same tree has: no path leads to them. */
export interface HiddenEntries {
  readonly count: number;
  /** The first of them, as messages show paths. */
  readonly paths: readonly string[];
}

/** For the user, at most one line. */
export function hiddenNotes({ count, paths }: HiddenEntries): string[] {
  if (count === 0) return [];
  const more = count > paths.length ? `, ... (${count})` : "";
  return [
    `where several entries of a folder have the same name, the first is read, as git show does: ${paths.join(", ")}${more}`,
  ];
}
