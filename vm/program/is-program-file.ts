/**
 * Whether what `docteur run` is to run is a file of the user's rather than the name of a program that ships with docteur: it
 * has a slash, or ends as files of TypeScript and JavaScript do.
 */
export function isProgramFile(program: string): boolean {
  return program.includes("/") || /\.[cm]?[jt]s$/.test(program);
}
