import { existsSync } from "node:fs";
import { printable } from "../../reader/printable.ts";
import { readImageHeader, type Updates } from "../../vm/commands.ts";
import type { CommandContext } from "../cli/command.ts";
import { describeFailure } from "../cli/failure.ts";
import { reloadOnHangup } from "../cli/interruption.ts";
import { type Followed, FollowedRepository } from "./followed-repository.ts";
import type { ImageSource } from "./image-source.ts";
import { ImageUpdates } from "./image-updates.ts";
import type { UpdateSettings } from "./update-options.ts";
import { WatchedFile } from "./watched-file.ts";

/**
 * Takes SIGHUP, and prepares what serves other images later. If there is no image yet and a repository is
 * followed, makes it.
 *
 * @throws {DocteurError} those of `makeImage` and `readImageHeader`.
 */
export async function beginUpdates(
  image: string,
  { watch, followed }: UpdateSettings,
  { stderr, env, signal, redact }: CommandContext,
): Promise<Updates> {
  const note = (line: string) => void stderr.write(redact(`docteur: ${printable(line)}\n`));
  let source: ImageSource | undefined;
  if (watch) source = await WatchedFile.begin(image);
  if (followed !== undefined) source = await follow(followed, image, note, signal);
  const describe = (error: unknown) =>
    describeFailure(error, env)
      .replace(/^docteur: /, "")
      .trimEnd();
  const updates = new ImageUpdates({ image, source, signal, note, describe });
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
