import type { RunRequest } from "../../guest/protocol/request.ts";
import { DocteurError } from "../../reader/errors.ts";
import { isObjectId } from "../../reader/git/object-id.ts";

/** A program and how it reads the image. */
export interface ProgramOptions {
  /** The name of a unikernel. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `light` or `fast`, instead of what the program would choose. */
  readonly layout?: string | undefined;
  /** Refuses an image of any other commit than this, 40 hexadecimal digits. */
  readonly commit?: string | undefined;
  /** Trusts no IDX: rebuilds it from the PACK at the start. */
  readonly analyze?: boolean | undefined;
  /** Whether the program is to tell on standard error what it does. */
  readonly verbose?: boolean | undefined;
}

/**
 * The request that goes to the guest.
 * @throws {DocteurError} `LAYOUT_UNKNOWN`, `COMMIT_MALFORMED`.
 */
export function toRequest(options: ProgramOptions): RunRequest {
  const { program, args, env = {}, layout, commit, analyze, verbose } = options;
  if (layout !== undefined && layout !== "light" && layout !== "fast") {
    throw new DocteurError("LAYOUT_UNKNOWN", `${layout}: no such layout; there are light and fast`);
  }
  if (commit !== undefined && !isObjectId(commit)) {
    throw new DocteurError(
      "COMMIT_MALFORMED",
      `${commit}: not a commit's id, which has 40 hexadecimal digits`,
    );
  }
  return { program, args, env, layout, commit, analyze, verbose };
}
