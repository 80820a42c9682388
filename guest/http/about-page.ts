import type { Signature } from "../git/commit.ts";
import type { Store } from "../store/store.ts";
import type { Census } from "./census.ts";
import { escapeHtml, page } from "./html.ts";

const VERIFIED = `Nothing is sent that was not proved. The commit's content must have the SHA-1 that is its id; the commit
names the root folder by its SHA-1, each folder names what is in it in the same way, and every file is inflated and compared
with its id before its first byte leaves. Two servers that name the same commit serve the same bytes.`;

/** The page about the image: the commit, how much there is, and how it is verified. */
export function aboutPage(store: Store, census: Census): Buffer {
  const { author, committer, message, parents } = store.commit;
  const facts = [
    ["Commit", code(store.id)],
    ["Author", escapeHtml(`${author.name} <${author.email}>`)],
    ["Date", escapeHtml(when(author))],
    ...(when(committer) === when(author) ? [] : [["Committed", escapeHtml(when(committer))]]),
    ["Message", message === undefined ? "none" : `<pre>${escapeHtml(message.trim())}</pre>`],
    ["Root folder", code(store.root)],
    ...(parents.length === 0
      ? []
      : [[parents.length === 1 ? "Parent" : "Parents", parents.map(code).join("<br>")]]),
    ["Holds", escapeHtml(holds(census))],
    ["Verified", escapeHtml(VERIFIED)],
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

function holds({ files, folders, links, submodules }: Census): string {
  const parts = [
    [files, "file"],
    [folders, "folder"],
    [links, "symbolic link"],
    [submodules, "submodule"],
  ] as const;
  return parts
    .filter(([count], index) => count > 0 || index === 0)
    .map(([count, noun]) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`)
    .join(", ");
}

/** The date as whoever signed had it on the wall, with the offset from UTC. */
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
