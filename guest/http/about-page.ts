import type { Signature } from "../../reader/git/commit.ts";
import { HASH_NAMES } from "../../reader/git/object-format.ts";
import type { PathCounts } from "../../reader/paths/path-counts.ts";
import type { Store } from "../../reader/store/store.ts";
import { escapeHtml, page } from "./html.ts";

/** Says how the contents are verified. @param hash the name of the hash function. */
function verifiedBy(hash: string): string {
  return `The server sends verified bytes only. The commit's id is the ${hash} of its content. The
commit names the root folder by its ${hash}, and each folder names its entries in the same way. The server
inflates every file and compares it with its id before it sends the first byte. Two servers that name the
same commit serve the same bytes.`;
}

/**
 * Characters that are shown of a message, and of a name or an address: a commit may have millions of them.
 */
const SHOWN = 16 * 1024;
const SHOWN_OF_NAME = 256;

/** Parents that are shown. */
const MAX_PARENTS = 100;

/**
 * The page about the image: the commit, its contents, and how they are verified.
 * @param counts undefined if there are more than the server counts.
 */
export function aboutPage(store: Store, counts: PathCounts | undefined): Buffer {
  const { author, committer, message, parents } = store.commit;
  const facts = [
    ["Commit", code(store.id)],
    [
      "Author",
      escapeHtml(`${excerpt(author.name, SHOWN_OF_NAME)} <${excerpt(author.email, SHOWN_OF_NAME)}>`),
    ],
    ["Date", escapeHtml(when(author))],
    ...(when(committer) === when(author) ? [] : [["Committed", escapeHtml(when(committer))]]),
    ["Message", message === undefined ? "none" : `<pre>${escapeHtml(excerpt(message, SHOWN).trim())}</pre>`],
    ["Root folder", code(store.root)],
    ...(parents.length === 0 ? [] : [[parents.length === 1 ? "Parent" : "Parents", listOfParents(parents)]]),
    ["Contents", escapeHtml(contentsOf(counts))],
    ["Verified", escapeHtml(verifiedBy(HASH_NAMES[store.hash]))],
  ];
  const rows = facts.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`);
  return page(
    "This image",
    `<h1>This image</h1>
<table class="facts">
<tbody>
${rows.join("\n")}
</tbody>
</table>
<footer><a href="/">To the files</a>. Served by docteur from one read-only disk image.</footer>`,
  );
}

function code(id: string): string {
  return `<code>${id}</code>`;
}

function listOfParents(parents: readonly string[]): string {
  const more = parents.length - MAX_PARENTS;
  const shown = parents.slice(0, MAX_PARENTS).map(code);
  return [...shown, ...(more > 0 ? [`and ${more.toLocaleString("en-US")} more`] : [])].join("<br>");
}

/** The beginning of a text, and the length of the rest. */
function excerpt(text: string, length: number): string {
  const more = text.length - length;
  return more > 0 ? `${text.slice(0, length)}... (${more.toLocaleString("en-US")} characters more)` : text;
}

function contentsOf(counts: PathCounts | undefined): string {
  if (counts === undefined) return "more files and folders than this server counts";
  const { files, folders, links, submodules } = counts;
  const parts = [
    [files, "file"],
    [folders, "folder"],
    [links, "symbolic link"],
    [submodules, "submodule"],
  ] as const;
  return parts
    .filter(([count], index) => count > 0 || index === 0)
    .map(([count, noun]) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`)
    .join(", ");
}

function number(count: number): string {
  const shown = count.toLocaleString("en-US");
  return count === Number.MAX_SAFE_INTEGER ? `${shown} or more` : shown;
}

/** The local date and time of a signature, with the offset from UTC. */
function when({ date, zone }: Signature): string {
  const local = new Date((date + zone * 60) * 1000);
  if (Number.isNaN(local.getTime())) return `${date} seconds since 1970`;
  const offset = Math.abs(zone);
  const two = (number: number) => String(number).padStart(2, "0");
  const sign = zone < 0 ? "-" : "+";
  const text = local
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "");
  return `${text} ${sign}${two(Math.floor(offset / 60))}:${two(offset % 60)}`;
}
