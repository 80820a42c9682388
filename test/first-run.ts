/** What a run says when it is the first to need a part of the machine. */
const NOTE = /^docteur: [^\n]* \(once\b[^\n]*\)\n/gm;

/** Standard error without such lines: which run is the first depends on the order of the tests. */
export function withoutFirstRunNotes(stderr: string): string {
  return stderr.replace(NOTE, "");
}
