import type { Section } from "./command.ts";

/** The exit statuses of a command, for the manual; the numbers are in failure.ts and interruption.ts. */
export const exitStatusTable = ` 0      success
 1      failure; a line on standard error says what, where and what to do
 2      wrong usage
 128+N  ended by signal N: 130 by Ctrl-C, 143 by SIGTERM, 141 when the
        reader of standard output closed it`;

export const exitStatus: Section = { title: "EXIT STATUS", body: exitStatusTable };
