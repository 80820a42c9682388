import { DocteurError } from "../guest/errors.ts";
import type { RunRequest } from "../guest/runtime/request.ts";

/**
 * The request that goes to the guest.
 * @throws {DocteurError} `LAYOUT_UNKNOWN`.
 */
export function toRequest(options: {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly layout?: string | undefined;
}): RunRequest {
  const { program, args, env = {}, layout } = options;
  if (layout !== undefined && layout !== "light" && layout !== "fast") {
    throw new DocteurError("LAYOUT_UNKNOWN", `${layout}: no such layout; there are light and fast`);
  }
  return { program, args, env, layout };
}
