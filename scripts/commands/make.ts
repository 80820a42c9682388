import { COLOUR_CHOICES, isTerminal } from "../colour.ts";
import type { Command } from "../command.ts";
import { isQuiet, originalOptions } from "../compatibility.ts";
import { exitStatus } from "../exit-status.ts";
import { ProgressLine } from "../progress.ts";
import { bytes, duration } from "../quantity.ts";

/** `docteur make`: makes an image of a repository or folder. */
export const make: Command = {
  name: "make",
  summary: "make a disk image of a Git repository or a folder",
  synopsis: [
    "[-b REF] [-d RFC3339] [--bs BYTES] [-q]\n     [--author 'NAME <EMAIL>'] [--timeout SECONDS] REPOSITORY IMAGE",
  ],
  description: `Fetches one commit of REPOSITORY, without its history, and writes it to the file IMAGE. The image
appears whole or not at all: it is written beside IMAGE, flushed to the disk and then renamed, so an image that was
there stays until the new one is complete.

A folder that is no Git repository becomes a commit without parents that holds the folder as it is.`,
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
      description:
        "How long another machine may say nothing before it is given up, in whole seconds. Default: 120.",
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
     With a password, which goes nowhere but to that server.
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
  async execute(invocation, { stderr, env, signal }) {
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
        timeout: invocation.integer("timeout", { minimum: 1, maximum: 2_147_482 }),
        onProgress: line && ((progress) => line.show(progress)),
        signal,
      });
      line?.clear();
      if (!quiet) {
        for (const note of made.notes) stderr.write(`docteur: note: ${note}\n`);
        const took = duration(performance.now() - started);
        stderr.write(`${image}: commit ${made.commit}, ${bytes(made.bytes)}, ${took}\n`);
      }
      return 0;
    } finally {
      line?.clear();
    }
  },
};
