import type { Folder, ListEntry } from "../../reader/store/folder.ts";
import { kindOf } from "../../reader/store/kind.ts";
import type { Store } from "../../reader/store/store.ts";
import { escapeHtml, page, quantity } from "./html.ts";
import { ABOUT } from "./site.ts";
import { encodeName, folderUrl } from "./target.ts";

/** The most entries that a page shows, and bytes of their rows. */
const MAX_ENTRIES = 10_000;
const MAX_ROWS = 2 * 1024 * 1024;

/** The approximate size of the largest page, in bytes. */
export const MAX_PAGE = MAX_ROWS + 64 * 1024;

/** A page of more entries shows no sizes: each takes another read of the disk. */
const MAX_SIZES = 1000;

/** The most names of a folder's path that are shown, and bytes of the longest name that is a link. */
const MAX_TRAIL = 32;
const LONGEST_NAME = 4096;

/**
 * The page of a folder: its entries, folders first.
 *
 * @param path the folder's path in the image.
 * @param names of its URL.
 * @param hasDownloads whether the page links the folder's archives. Default: no.
 * @throws {InvalidImageError}
 */
export function folderPage(
  store: Store,
  path: Uint8Array,
  names: readonly Uint8Array[],
  hasDownloads = false,
): Buffer {
  const folder = store.folder(path);
  const title = `/${names.map((name) => `${text(name)}/`).join("")}`;
  const rows = rowsOf(folder);
  const up = names.length === 0 ? "" : `<tr><td><a href="../">../</a></td><td class="size"></td></tr>\n`;
  const rest = folder.count - rows.length;
  const more = rest > 0 ? `<p class="quiet">and ${rest.toLocaleString("en-US")} more</p>\n` : "";
  return page(
    title,
    `<h1>${trail(names)}</h1>
<table>
<thead><tr><th scope="col">Name</th><th scope="col" class="size">Size</th></tr></thead>
<tbody>
${up}${rows.join("\n")}
</tbody>
</table>
${more}${hasDownloads ? DOWNLOADS : ""}${footer(store)}`,
  );
}

const DOWNLOADS = `<p class="quiet">Download this folder: <a href="?download=tar">tar</a>, \
<a href="?download=zip">zip</a></p>
`;

function rowsOf(folder: Folder): string[] {
  const rows: string[] = [];
  let length = 0;
  for (const folders of [true, false]) {
    for (let i = 0; i < folder.count; i++) {
      if ((kindOf(folder.type(i)) === "dictionary") !== folders) continue;
      const made = row(folder.entry(i), folder.count <= MAX_SIZES ? sizeOf(folder, i) : "");
      length += made.length;
      if (rows.length === MAX_ENTRIES || length > MAX_ROWS) return rows;
      rows.push(made);
    }
  }
  return rows;
}

/** The line at the end of a page that names the image. */
export function footer(store: Store): string {
  return `<footer>commit <a href="/${ABOUT}/"><code>${store.id.slice(0, 12)}</code></a></footer>`;
}

/** The folder's path, each name a link; of a long path the last names. */
function trail(names: readonly Uint8Array[]): string {
  const first = Math.max(0, names.length - MAX_TRAIL);
  const links = names
    .slice(first)
    .map((name, index) => link(folderUrl(names.slice(0, first + index + 1)), text(name)));
  return [link("/", "root"), ...(first > 0 ? ["..."] : []), ...links].join(" / ");
}

function row({ kind, type, rawName }: ListEntry, size: string): string {
  const slash = kind === "dictionary" ? "/" : "";
  const mark = type === "symlink" ? " (link)" : type === "gitlink" ? " (submodule)" : "";
  // A request with such a name would be too long.
  const isLong = rawName.length > LONGEST_NAME;
  const shown = isLong ? `${text(rawName.subarray(0, SHOWN_OF_LONG))}...` : text(rawName);
  // After `./`, no name can look like a scheme.
  const name = isLong ? escapeHtml(shown + slash) : link(`./${encodeName(rawName)}${slash}`, shown + slash);
  return `<tr><td>${name}${mark}</td><td class="size">${size}</td></tr>`;
}

/** Bytes that are shown of a name that is too long. */
const SHOWN_OF_LONG = 100;

function sizeOf(folder: Folder, index: number): string {
  const type = folder.type(index);
  return type === "file" || type === "executable" ? quantity(folder.size(index)) : "";
}

function link(url: string, label: string): string {
  return `<a href="${url}">${escapeHtml(label)}</a>`;
}

function text(name: Uint8Array): string {
  return Buffer.from(name).toString("utf8");
}
