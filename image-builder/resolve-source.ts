import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../reader/errors.ts";
import { Bundle } from "./source/bundle.ts";
import { isBundle } from "./source/bundle-header.ts";
import { parseEndpoint } from "./source/endpoint.ts";
import { requireGit } from "./source/git.ts";
import { DEFAULT_TIMEOUT } from "./source/idle-timeout.ts";
import { findRepository, requireSource, resolveCommit } from "./source/local-repository.ts";
import { resolveRemote } from "./source/remote-repository.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A repository, and what of it. */
export interface SourceName {
  /** A repository; see `parseEndpoint` for its forms. */
  readonly repository: string;
  /** Branch, tag or commit. Default: its HEAD. */
  readonly ref?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the id of the commit of which `makeImage` would make an image, and fetches nothing.
 * @throws {DocteurError} `NOT_A_REPOSITORY` for a folder that is none; those of `parseEndpoint`,
 * `Bundle`, `findRepository`, `resolveCommit` and `resolveRemote`.
 */
export async function resolveSource({ repository, ref, signal }: SourceName): Promise<string> {
  const endpoint = parseEndpoint(repository);
  await requireGit(signal);
  if (endpoint.kind === "remote") {
    return await resolveRemote(endpoint, ref, { timeout: DEFAULT_TIMEOUT, signal });
  }
  const { path } = endpoint;
  requireSource(path);
  await using temporary = await temporaryFolder();
  if (isBundle(path)) {
    using bundle = Bundle.open(path);
    return await bundle.resolve(ref, join(temporary.path, "repository.git"), signal);
  }
  const into = join(temporary.path, "source");
  await mkdir(into);
  const found = await findRepository(path, into, signal);
  if (found === undefined) {
    throw new DocteurError("NOT_A_REPOSITORY", `${path} is a folder, not a repository: it has no commits`);
  }
  return await resolveCommit(found.gitDir, path, ref, signal).catch((error) => {
    throw found.inSource(error);
  });
}
