import { DEFAULT_BLOCK_SIZE } from "../../image-builder/block-size.ts";
import { DEFAULT_AUTHOR } from "../../image-builder/folder/author.ts";
import { COMPRESSIONS } from "../../image-builder/packing/compression.ts";
import { DEFAULT_TIMEOUT } from "../../image-builder/source/idle-timeout.ts";
import type { Option, Section } from "../cli/command.ts";
import { originalOptions } from "../cli/compatibility.ts";

const { fast, default: normal, best } = COMPRESSIONS;

export const description = `Fetches one commit of REPOSITORY, without its history, and writes it to the file IMAGE. docteur writes
the image beside IMAGE, flushes it to the disk and then renames it: an existing image stays until the new one is complete.

A folder that is no Git repository becomes a commit without parents, with all that is in the folder. The same folder
and date give the same commit everywhere, and the same image, bit for bit, with the same git. Meanwhile TMPDIR holds
what is packed, about as much as the image, and of what is being packed 64 MiB and as much for each CPU, of 4 at most.

Off a terminal, make writes a line every 10 seconds that says how far it is, unless -q is given.

Before the image appears, make reads its commit and all its folders as verify and run do. What these refuse, such as a
file named git~1, make refuses too, and names its path. It also refuses what looks like a Git repository that git cannot read.

make removes what killed makes have left beside IMAGE and in TMPDIR.

The last line gives the number and size of the files, and the size of the image.`;

export const options: readonly Option[] = [
  {
    name: "branch",
    short: "b",
    value: "REF",
    description:
      "The commit: a branch or tag, its name in full (refs/heads/main) or short, or a commit id: 40 digits, 64 with SHA-256, or enough of them, from 4 on. A server knows a shortened id only of the tip of a branch or tag. Default: the repository's HEAD, which a bundle may lack. Has no effect on a folder.",
  },
  {
    name: "object-format",
    value: "HASH",
    description:
      "The hash function that names the objects of a folder: sha1 or sha256. Default: sha1, which every version of docteur reads. A repository, of either, keeps its own; one that was made with the other is refused before anything is fetched.",
  },
  {
    name: "date",
    short: "d",
    value: "RFC3339",
    description:
      "The date of a folder's commit, such as 2020-10-10T08:00:00+00:00. Default: now. A repository's commit has its own.",
  },
  {
    name: "author",
    value: "'NAME <EMAIL>'",
    description: `Author and committer of a folder's commit. Default: ${DEFAULT_AUTHOR.name} <${DEFAULT_AUTHOR.email}>. A repository's commit has its own.`,
  },
  {
    name: "bs",
    value: "BYTES",
    description: `The block size of the image, in bytes: the PACK and the index are each padded to a multiple of it. A multiple of 512. Default: ${DEFAULT_BLOCK_SIZE}.`,
  },
  {
    name: "timeout",
    value: "SECONDS",
    description: `Fail when a server sends no data for so many seconds, an integer. Default: ${DEFAULT_TIMEOUT}.`,
  },
  {
    name: "compression",
    value: "LEVEL",
    description: `fast: zlib's level ${fast.level}, no deltas. default: zlib's level ${normal.level}, deltas in chains of at most ${normal.depth}, which read fast. best: zlib's level ${best.level}, a long search for deltas in chains of at most ${best.depth}. Without --repack, what a repository has compressed is reused. Default: default.`,
  },
  {
    name: "no-deltas",
    description:
      "Store every file by itself, none as the difference from another: a server can then send files compressed, as they are in the image (see `docteur help run`, serve). The image is larger, the more so the more its files resemble each other.",
  },
  {
    name: "no-layout",
    description:
      "Leave out the layout, a map of all paths that takes some 40 bytes a file, 52 with SHA-256: finding a path then takes longer, the more so the larger its folders are.",
  },
  {
    name: "repack",
    description:
      "Compress all objects of a repository again, rather than reuse its deltas and streams. If the PACK would be larger, make reuses them all the same, with a note. With --compression default or fast, make always compresses again: chains of deltas are short then, and read fast.",
  },
  {
    name: "worktree",
    description:
      "Read a repository's work tree as a folder, with what is not committed and what Git ignores.",
  },
  {
    name: "exclude",
    value: "PATTERN",
    description:
      "Omit the files and folders of a folder that match PATTERN. A pattern with a slash matches the path from the top of the folder, one without matches the name at any depth. * matches anything but a slash, ** anything, ? one character. May be given more than once.",
  },
  {
    name: "json",
    description:
      "Print the result as one JSON object on one line of standard output, and no summary. Sizes are in bytes, the duration in seconds. On failure the object has error, with code and message.",
  },
  { name: "quiet", short: "q", description: "Print neither progress nor summary." },
  {
    name: "color",
    value: "WHEN",
    description: "For scripts that call the original docteur; make prints no colours.",
  },
  ...originalOptions,
];

export const sections: readonly Section[] = [
  {
    title: "REPOSITORY",
    body: ` user@host:path, ssh://, https://, http://, git://
     A repository on another machine. Git does the transport: its keys,
     credential helpers, proxies and certificates apply.
 https://user:password@host/path
     With a password, which only that server gets. Your shell's history
     has it, and for an instant ps; with a credential helper of git
     neither does.
 /path, path, file:///path
     A repository on this machine, bare or not; a file that git bundle
     create has written, with all of its history; or any folder.
 relativize://folder
     The same, relative to the current folder.`,
  },
  {
    title: "EXAMPLES",
    body: ` docteur make . disk.img
 docteur make -b v1.0 https://github.com/dinosaure/docteur disk.img
 git bundle create site.bundle HEAD && docteur make site.bundle site.img
 docteur make -d 2020-10-10T08:00:00+00:00 relativize://site site.img`,
  },
];
