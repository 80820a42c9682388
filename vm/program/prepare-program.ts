import type { UserProgram } from "../../guest/protocol/user-program.ts";
import { bundleProgram } from "./bundle-program.ts";
import { checkTypes } from "./check-types.ts";
import { isProgramFile } from "./is-program-file.ts";

/** How to prepare a program of the user's own. */
export interface PrepareOptions {
  /** The name of a program that ships with docteur, or the path of a file. */
  readonly program: string;
  /** Whether its types are checked. Default: true. */
  readonly check?: boolean | undefined;
  /** The type checker: TypeScript's `bin/tsc`, or the folder of the package. Default: docteur's own. */
  readonly tsc?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Bundles a program of the user's own and checks its types; returns undefined for one that ships with
 * docteur.
 * @throws {ProgramError} `PROGRAM_NOT_FOUND`, `PROGRAM_INVALID`, `PROGRAM_TYPES`. @throws {DocteurError}
 * `TSC_NOT_FOUND`.
 */
export async function prepareProgram({
  program,
  check = true,
  tsc,
  signal,
}: PrepareOptions): Promise<UserProgram | undefined> {
  if (!isProgramFile(program)) return undefined;
  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const [bundled, checked] = await Promise.allSettled([
    bundleProgram(program).catch((error) => {
      // Otherwise the type checker reports errors of syntax a second time.
      failed.abort();
      throw error;
    }),
    check ? checkTypes(program, { tsc, signal: stop }) : undefined,
  ]);
  if (bundled.status === "rejected") throw bundled.reason;
  if (checked.status === "rejected") throw checked.reason;
  return bundled.value;
}
