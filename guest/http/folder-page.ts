import type { ListEntry, Store } from "../store/store.ts";
import { escapeHtml, page, quantity } from "./html.ts";
import { ABOUT } from "./site.ts";
import { encodeName, folderUrl } from "./target.ts";

/** Entries that a page shows at most. */
const MAX_ENTRIES = 10_000;

/** In a larger folder, sizes are not told: each is another look at the disk. */
const MAX_SIZES = 1000;

/**
 * The page of a folder: what is in it, folders first.
 *
 * @param path the folder's path in the image.
 * @param names of its URL.
 * @throws {InvalidImageError}
 */
export function folderPage(store: Store, path: Uint8Array, names: readonly Uint8Array[]): Buffer {
  const entries = store.list(path);
  const title = `/${names.map((name) => `${text(name)}/`).join("")}`;
  const isFolder = ({ kind }: ListEntry) => kind === "dictionary";
  const sorted = [...entries.filter(isFolder), ...entries.filter((entry) => !isFolder(entry))];
  const sized = entries.length <= MAX_SIZES;
  const rows = sorted
    .slice(0, MAX_ENTRIES)
    .map((entry) => row(entry, sized ? sizeOf(store, path, entry) : ""));
  const up = names.length === 0 ? "" : `<tr><td><a href="../">../</a></td><td class="size"></td></tr>\n`;
  const rest = entries.length - MAX_ENTRIES;
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
${more}${footer(store)}`,
  );
}

/** The line at the end of a page that tells which image this is. */
export function footer(store: Store): string {
  return `<footer>commit <a href="/${ABOUT}/"><code>${store.id.slice(0, 12)}</code></a></footer>`;
}

/** The folder's path, each name of it a link. */
function trail(names: readonly Uint8Array[]): string {
  const links = names.map((name, index) => link(folderUrl(names.slice(0, index + 1)), text(name)));
  return [link("/", "root"), ...links].join(" / ");
}

function row({ kind, type, rawName }: ListEntry, size: string): string {
  const slash = kind === "dictionary" ? "/" : "";
  const name = `${encodeName(rawName)}${slash}`;
  const mark = type === "symlink" ? " (link)" : type === "gitlink" ? " (submodule)" : "";
  // With `./`, no name can be taken for a scheme.
  return `<tr><td>${link(`./${name}`, text(rawName) + slash)}${mark}</td><td class="size">${size}</td></tr>`;
}

function sizeOf(store: Store, folder: Uint8Array, { type, rawName }: ListEntry): string {
  if (type !== "file" && type !== "executable") return "";
  return quantity(store.describe(Buffer.concat([folder, SLASH, rawName]), false).size);
}

const SLASH = Buffer.from("/");

function link(url: string, label: string): string {
  return `<a href="${url}">${escapeHtml(label)}</a>`;
}

function text(name: Uint8Array): string {
  return Buffer.from(name).toString("utf8");
}
