import type { MakeResult } from "../../image-builder/index.ts";
import { COMPRESSIONS, type Compression } from "../../image-builder/packing/compression.ts";
import { MAX_TIMEOUT } from "../../image-builder/source/idle-timeout.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { printable } from "../../reader/printable.ts";
import { COLOUR_CHOICES } from "../cli/colour.ts";
import type { Command } from "../cli/command.ts";
import { isQuiet } from "../cli/compatibility.ts";
import { exitStatus } from "../cli/exit-status.ts";
import { requireFile } from "../cli/file-operand.ts";
import { writeJsonFailure } from "../cli/json-failure.ts";
import { progressOn } from "../cli/progress.ts";
import { bytes, count, duration } from "../cli/quantity.ts";
import { writeJson } from "../cli/screen.ts";
import { description, options, sections } from "./make-manual.ts";

const COMPRESSION_CHOICES = Object.keys(COMPRESSIONS) as Compression[];

/** `docteur make`: makes an image of a repository or folder. */
export const make: Command = {
  name: "make",
  summary: "make a disk image of a Git repository or a folder",
  synopsis: [
    "[-b REF] [-d RFC3339] [--bs BYTES] [-q] [--json]\n     [--author 'NAME <EMAIL>'] [--timeout SECONDS] [--compression LEVEL]\n     [--no-deltas] [--no-layout] [--repack] [--worktree]\n     [--object-format HASH] [--exclude PATTERN]...\n     REPOSITORY IMAGE",
  ],
  description,
  operands: ["REPOSITORY", "IMAGE"],
  options,
  sections: [...sections, exitStatus],
  async execute(invocation, { stdout, stderr, env, signal, redact }) {
    const [repository, image] = invocation.operands as [string, string];
    requireFile(invocation, image, "make a file, then docteur push it");
    const quiet = isQuiet(invocation);
    invocation.choice("color", COLOUR_CHOICES);
    const line = quiet ? undefined : progressOn(stderr, env);
    const started = performance.now();
    const { makeImage } = await import("../../image-builder/index.ts");
    try {
      const made = await makeImage({
        repository,
        image,
        ref: invocation.text("branch"),
        objectFormat: invocation.choice("object-format", HASH_ALGORITHMS),
        date: invocation.text("date"),
        blockSize: invocation.integer("bs", { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        author: invocation.text("author"),
        compression: invocation.choice("compression", COMPRESSION_CHOICES),
        withoutDeltas: invocation.flag("no-deltas"),
        withoutLayout: invocation.flag("no-layout"),
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
      if (invocation.flag("json")) writeJsonFailure(stdout, error, redact);
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
