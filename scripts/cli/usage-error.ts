import { DocteurError } from "../../reader/errors.ts";

/** The command was called wrongly; exit status 2. `code` is `USAGE`. */
export class UsageError extends DocteurError {
  override name = "UsageError";

  /** @param manual the command whose `--help` explains, for instance `docteur make` */
  constructor(what: string, manual: string) {
    super("USAGE", `${what}; see ${manual} --help`);
  }
}
