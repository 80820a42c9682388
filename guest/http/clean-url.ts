const HTML = Buffer.from(".html");

/** The same path with `.html` at its end. */
export function withHtml(names: readonly Uint8Array[]): Uint8Array[] {
  return [...names.slice(0, -1), Buffer.concat([names.at(-1) ?? Buffer.of(), HTML])];
}

/**
 * The clean address of a file: its folder's if it is the folder's index, otherwise without `.html`.
 *
 * @param names of the file's path. @param index the name of a folder's index.
 * @param reserved a name in the root that is the server's own.
 * @returns undefined if the file has no such address.
 */
export function cleanTarget(
  names: readonly Uint8Array[],
  index: string,
  reserved: string,
): { readonly names: readonly Uint8Array[]; readonly folder: boolean } | undefined {
  const name = Buffer.from(names.at(-1) ?? []);
  const folder = names.slice(0, -1);
  if (name.equals(Buffer.from(index))) return { names: folder, folder: true };
  if (!name.subarray(-HTML.length).equals(HTML)) return undefined;
  const stem = name.subarray(0, -HTML.length);
  // Such a segment names another path, or none.
  if (/^\.{0,2}$/.test(stem.toString("latin1"))) return undefined;
  if (folder.length === 0 && stem.equals(Buffer.from(reserved))) return undefined;
  return { names: [...folder, stem], folder: false };
}
