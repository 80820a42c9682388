import { existsSync } from "node:fs";
import { printable } from "../../reader/printable.ts";
import type { SourceOptions } from "../../remote/source.ts";
import { isImageFile, readImageHeader, type Updates } from "../../vm/commands.ts";
import type { CommandContext } from "../cli/command.ts";
import { describeFailure } from "../cli/failure.ts";
import { reloadOnHangup } from "../cli/interruption.ts";
import { type Followed, FollowedRepository } from "./followed-repository.ts";
import type { ImageSource } from "./image-source.ts";
import { ImageUpdates } from "./image-updates.ts";
import type { UpdateSettings } from "./update-options.ts";
import { WatchedAddress } from "./watched-address.ts";
import { WatchedFile } from "./watched-file.ts";

/** An image that is served. */
export interface ServedImage {
  /** Its path or address. */
  readonly image: string;
  /** What messages call it. */
  readonly name: string;
  /** How it is reached, if it lies elsewhere. */
  readonly source: SourceOptions;
}

/**
 * Takes SIGHUP, and prepares what serves other images later. If there is no image yet and a repository is
 * followed, makes it.
 *
 * @throws {DocteurError} those of `makeImage`, `readImageHeader` and `WatchedAddress.begin`.
 */
export async function beginUpdates(
  { image, name, source: sourceOptions }: ServedImage,
  { watch, followed }: UpdateSettings,
  { stderr, env, signal, redact }: CommandContext,
): Promise<Updates> {
  const note = (line: string) => void stderr.write(redact(`docteur: ${printable(line)}\n`));
  let source: ImageSource | undefined;
  if (watch && isImageFile(image)) source = await WatchedFile.begin(image);
  else if (watch) source = await WatchedAddress.begin(image, sourceOptions, signal);
  if (followed !== undefined) source = await follow(followed, image, note, signal);
  const describe = (error: unknown) =>
    describeFailure(error, env)
      .replace(/^docteur: /, "")
      .trimEnd();
  const updates = new ImageUpdates({ image, name, source, signal, note, describe });
  reloadOnHangup(updates.reload);
  return updates.run;
}

/** Begins with the image that is there, so that a site starts even if its repository cannot be reached. */
async function follow(
  followed: Followed,
  image: string,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<ImageSource> {
  if (existsSync(image)) return new FollowedRepository(followed, image, readImageHeader(image).commit);
  const made = await new FollowedRepository(followed, image, undefined).make(signal);
  for (const line of made.notes) note(`note: ${line}`);
  note(`${image}: made of commit ${made.commit}`);
  return new FollowedRepository(followed, image, made.commit);
}
