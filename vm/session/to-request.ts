import { isLayoutName, LAYOUTS, type RunRequest } from "../../guest/protocol/request.ts";
import { DocteurError } from "../../reader/errors.ts";
import { isObjectId } from "../../reader/git/object-id.ts";

/** A program and how it reads the image. */
export interface ProgramOptions {
  /** The name of a unikernel. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `frozen`, `light` or `fast`. Default: the program's own choice. */
  readonly layout?: string | undefined;
  /** Refuses an image of any other commit than this, 40 hexadecimal digits, or 64 for SHA-256. */
  readonly commit?: string | undefined;
  /** Ignores the IDX of the image and makes it again from the PACK. */
  readonly analyze?: boolean | undefined;
  /** Whether the program reports on standard error what it does. */
  readonly verbose?: boolean | undefined;
}

/**
 * Makes the request for the guest.
 * @throws {DocteurError} `LAYOUT_UNKNOWN`, `COMMIT_MALFORMED`.
 */
export function toRequest(options: ProgramOptions): RunRequest {
  const { program, args, env = {}, layout, commit, analyze, verbose } = options;
  if (layout !== undefined && !isLayoutName(layout)) {
    throw new DocteurError(
      "LAYOUT_UNKNOWN",
      `${layout}: no such layout; choose ${LAYOUTS.slice(0, -1).join(", ")} or ${LAYOUTS.at(-1)}`,
    );
  }
  if (commit !== undefined && !isObjectId(commit)) {
    throw new DocteurError(
      "COMMIT_MALFORMED",
      `${commit}: not the id of a commit, which has 40 hexadecimal digits, or 64 in a SHA-256 repository`,
    );
  }
  return { program, args, env, layout, commit, analyze, verbose };
}
