import type { MakeResult } from "../../image-builder/index.ts";
import { DEFAULT_TIMEOUT, MAX_TIMEOUT } from "../../image-builder/source/idle-timeout.ts";
import { printable } from "../../reader/printable.ts";
import { COLOUR_CHOICES, isTerminal } from "../cli/colour.ts";
import type { Command } from "../cli/command.ts";
import { isQuiet, originalOptions } from "../cli/compatibility.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { jsonFailure } from "../cli/json-failure.ts";
import { ProgressLine } from "../cli/progress.ts";
import { bytes, count, duration } from "../cli/quantity.ts";
import { writeJson } from "../cli/screen.ts";

/** `docteur make`: makes an image of a repository or folder. */
export const make: Command = {
  name: "make",
  summary: "make a disk image of a Git repository or a folder",
  synopsis: [
    "[-b REF] [-d RFC3339] [--bs BYTES] [-q] [--json]\n     [--author 'NAME <EMAIL>'] [--timeout SECONDS] [--compression LEVEL]\n     [--no-deltas] [--repack] [--worktree] [--exclude PATTERN]...\n     REPOSITORY IMAGE",
  ],
  description: `Fetches one commit of REPOSITORY, without its history, and writes it to the file IMAGE. The image
appears whole or not at all: it is written beside IMAGE, flushed to the disk and then renamed, so an image that was
there stays until the new one is complete.

A folder that is no Git repository becomes a commit without parents that holds the folder as it is. The same folder
and date give the same commit everywhere, and the same image, bit for bit, with the same git. While it is made, its files
lie a second time, lightly compressed, in TMPDIR.

Before the image appears, its commit and all its folders are read as verify and run read them. What they refuse, such as a
file named git~1, is refused, with its path. What looks like a Git repository and cannot be read by git is no folder.

What a make that was killed left, beside IMAGE and in TMPDIR, the next one removes.

The last line says how many files of how many bytes became an image of how many.`,
  operands: ["REPOSITORY", "IMAGE"],
  options: [
    {
      name: "branch",
      short: "b",
      value: "REF",
      description:
        "The commit to take: a branch or tag, its name in full (refs/heads/main) or short, or a commit id. Default: the repository's HEAD. Of no effect on a folder.",
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
      description:
        "Author and committer of a folder's commit. Default: Dr. Greenthumb <noreply@cypress.hill>. A repository's commit has its own.",
    },
    {
      name: "bs",
      value: "BYTES",
      description:
        "The block size of the image, in bytes: the PACK and the index are each padded to a multiple of it. A multiple of 512. Default: 512.",
    },
    {
      name: "timeout",
      value: "SECONDS",
      description: `Fail when a server sends no data for so many seconds, an integer. Default: ${DEFAULT_TIMEOUT}.`,
    },
    {
      name: "compression",
      value: "LEVEL",
      description:
        "fast: zlib's level 1, no deltas. default: zlib's level 6, deltas in chains of at most 2, which read fast. best: zlib's level 9, a long search for deltas in chains of at most 10. What a repository has compressed is taken as it is, without --repack. Default: default.",
    },
    {
      name: "no-deltas",
      description:
        "Store every file whole, none as the difference from another: what a server needs to send files compressed as they lie in the image (see `docteur help run`, serve). The image is larger, how much depends on how alike the files are.",
    },
    {
      name: "repack",
      description:
        "Compress all objects of a repository anew, unless its own deltas and streams, which are taken over otherwise, make the smaller image; a note says so then. With --compression or --no-deltas they are compressed anew even if that is larger: chains of deltas are short then, and read fast.",
    },
    {
      name: "worktree",
      description:
        "Take the folder as it lies, with what is not committed and what Git ignores, although it is a repository's work tree.",
    },
    {
      name: "exclude",
      value: "PATTERN",
      description:
        "Leave out of a folder what PATTERN names: with a slash in it the path from the top of the folder, without one the name at any depth. * is anything but a slash, ** anything, ? one character. May be given more than once.",
    },
    {
      name: "json",
      description:
        "Print what was made as one JSON object on one line of standard output, and no summary. Sizes are bytes, the duration is in seconds. Of what cannot be made: error, with code and message.",
    },
    { name: "quiet", short: "q", description: "Neither progress nor summary." },
    { name: "color", value: "WHEN", description: "Taken for the original's sake; nothing here is coloured." },
    ...originalOptions,
  ],
  sections: [
    {
      title: "REPOSITORY",
      body: ` user@host:path, ssh://, https://, http://, git://
     Another machine's repository. Git does the transport: its keys,
     credential helpers, proxies and certificates apply.
 https://user:password@host/path
     With a password, which goes nowhere but to that server. Your shell's
     history has it, and for an instant ps; a credential helper of git's
     keeps it out of both.
 /path, path, file:///path
     A repository on this machine, bare or not, or any folder.
 relativize://folder
     The same, relative to the current folder.`,
    },
    {
      title: "EXAMPLES",
      body: ` docteur make . disk.img
 docteur make -b v1.0 https://github.com/dinosaure/docteur disk.img
 docteur make -d 2020-10-10T08:00:00+00:00 relativize://site site.img`,
    },
    exitStatus,
  ],
  async execute(invocation, { stdout, stderr, env, signal, redact }) {
    const [repository, image] = invocation.operands as [string, string];
    const quiet = isQuiet(invocation);
    invocation.choice("color", COLOUR_CHOICES);
    const line = !quiet && isTerminal(stderr, env) ? new ProgressLine(stderr) : undefined;
    const started = performance.now();
    const { makeImage } = await import("../../image-builder/index.ts");
    try {
      const made = await makeImage({
        repository,
        image,
        ref: invocation.text("branch"),
        date: invocation.text("date"),
        blockSize: invocation.integer("bs", { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        author: invocation.text("author"),
        compression: invocation.choice("compression", ["fast", "default", "best"] as const),
        withoutDeltas: invocation.flag("no-deltas"),
        repack: invocation.flag("repack"),
        worktree: invocation.flag("worktree"),
        exclude: invocation.texts("exclude"),
        timeout: invocation.integer("timeout", { minimum: 1, maximum: MAX_TIMEOUT }),
        onProgress: line && ((progress) => line.show(progress)),
        signal,
      });
      line?.clear();
      const took = performance.now() - started;
      if (!quiet) for (const note of made.notes) stderr.write(`docteur: note: ${printable(note)}\n`);
      if (invocation.flag("json")) writeJson(stdout, { ...made, seconds: took / 1000 });
      else if (!quiet) stderr.write(`${printable(image)}: ${summary(made)}, ${duration(took)}\n`);
      return 0;
    } catch (error) {
      const failure = invocation.flag("json") ? jsonFailure(error, redact) : undefined;
      if (failure !== undefined) writeJson(stdout, { error: failure });
      throw error;
    } finally {
      line?.clear();
    }
  },
};

/** `commit 1a2b..., 20,000 files of 493 MB, image 32 MB (6.5%)` */
function summary(made: MakeResult): string {
  const share = made.fileBytes === 0 ? "" : ` (${((made.bytes / made.fileBytes) * 100).toFixed(1)}%)`;
  const files = `${count(made.files, "file")} of ${bytes(made.fileBytes)}`;
  return `commit ${made.commit}, ${files}, image ${bytes(made.bytes)}${share}`;
}
