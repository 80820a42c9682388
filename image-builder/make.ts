import { join } from "node:path";
import { checkBlockSize, DEFAULT_BLOCK_SIZE } from "./block-size.ts";
import { DEFAULT_AUTHOR, parseAuthor } from "./folder/author.ts";
import { currentDate, parseDate } from "./folder/date.ts";
import { exclusion } from "./folder/exclusion.ts";
import { hiddenNotes } from "./hidden-entries.ts";
import { ImageFile } from "./image.ts";
import type { MakeOptions, MakeResult } from "./make-options.ts";
import { openSource } from "./open-source.ts";
import { effortOf } from "./packing/compression.ts";
import { parseEndpoint } from "./source/endpoint.ts";
import { requireGit } from "./source/git.ts";
import { checkTimeout, DEFAULT_TIMEOUT } from "./source/idle-timeout.ts";
import { requireSource } from "./source/local-repository.ts";
import { surveyNotes } from "./source/survey.ts";
import { countUncommitted, uncommittedNotes } from "./source/uncommitted.ts";
import { explainFullDisk, temporaryFolder } from "./temporary-folder.ts";
import { writeImage } from "./write-image.ts";

/**
 * Makes an image of a repository's commit or of a folder.
 * @throws {DocteurError} with a code for each fault of an option, the source, the image's path or the disk;
 * its message is one line without secrets.
 */
export async function makeImage(options: MakeOptions): Promise<MakeResult> {
  const { signal } = options;
  const endpoint = parseEndpoint(options.repository);
  const blockSize = checkBlockSize(options.blockSize ?? DEFAULT_BLOCK_SIZE);
  const settings = {
    author: options.author === undefined ? DEFAULT_AUTHOR : parseAuthor(options.author),
    timeout: checkTimeout(options.timeout ?? DEFAULT_TIMEOUT),
    excluded: exclusion(options.exclude ?? []),
    date: options.date === undefined ? currentDate() : parseDate(options.date),
    effort: effortOf(options.compression ?? "default", options.withoutDeltas),
  };
  signal?.throwIfAborted();
  if (endpoint.kind === "local") requireSource(endpoint.path);
  await requireGit(signal);

  await using image = await ImageFile.create(options.image);
  await using temporary = await temporaryFolder();
  try {
    const outputs = [image.path, image.temporary];
    const source = await openSource(endpoint, temporary.path, { ...settings, outputs }, options);
    const counting =
      source.kind === "folder" || source.workTree === undefined
        ? undefined
        : countUncommitted(source.gitDir, source.workTree, outputs, signal);
    const target = { packs: join(temporary.path, "packs"), where: endpoint.display, blockSize };
    const writing = writeImage(source, image, options, target);
    // Both must have settled before the temporary folder is removed.
    await Promise.allSettled([writing, counting]);
    const { survey, hidden, shape, packNotes } = await writing;
    const uncommitted = await counting;
    await image.publish();
    return {
      image: image.path,
      hash: source.format.name,
      commit: source.commit,
      source: source.kind,
      files: survey.files,
      fileBytes: survey.bytes,
      submodules: survey.submodules,
      lfsPointers: survey.lfsPointers,
      bytes: shape.bytes,
      packBytes: shape.packBytes,
      notes: [
        ...source.notes,
        ...packNotes,
        ...uncommittedNotes(uncommitted),
        ...surveyNotes(survey),
        ...hiddenNotes(hidden),
      ],
    };
  } catch (error) {
    // Of the disk of the image `ImageFile` says so itself.
    throw explainFullDisk(error);
  }
}
