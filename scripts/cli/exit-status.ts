import type { Section } from "./command.ts";

/** What a command's own exit status says, for the manual; the numbers are in failure.ts and interruption.ts. */
export const exitStatusTable = ` 0      done
 1      failed; a line on standard error says what, where and what to do
 2      called wrongly
 128+N  ended by signal N: 130 by Ctrl-C, 143 by SIGTERM, 141 because the
        reader of standard output went away`;

export const exitStatus: Section = { title: "EXIT STATUS", body: exitStatusTable };
