/**
 * Whether the program of `docteur run` is a file of the user's, and not the name of a program that ships with
 * docteur: it contains a slash, or has the ending of a TypeScript or JavaScript file.
 */
export function isProgramFile(program: string): boolean {
  return program.includes("/") || /\.[cm]?[jt]s$/.test(program);
}
