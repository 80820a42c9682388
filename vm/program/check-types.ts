import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { aborted } from "../aborted.ts";
import { makeTemporary } from "../cache/cache.ts";
import { hasPassed, recordPass } from "./check-cache.ts";
import { type Declarations, getDeclarations, typesFolder } from "./declarations.ts";
import { countErrors, ProgramError } from "./program-error.ts";
import { foldersAbove } from "./project-files.ts";
import { type TypeChecker, typeChecker } from "./type-checker.ts";

const MAX_OUTPUT = 64 * 1024 * 1024;

/** The options for a program without a tsconfig.json. */
const DEFAULTS = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  module: "preserve",
  strict: true,
  skipLibCheck: true,
};

/** The options that override those of the project. */
const REQUIRED = {
  noEmit: true,
  allowImportingTsExtensions: true,
  composite: false,
  incremental: false,
  tsBuildInfoFile: null,
  rootDir: "/",
  declaration: false,
  emitDeclarationOnly: false,
  declarationDir: null,
  declarationMap: null,
  isolatedDeclarations: null,
  // These would write files, or output that is no error.
  generateTrace: null,
  generateCpuProfile: null,
  listEmittedFiles: false,
  explainFiles: false,
  traceResolution: false,
  diagnostics: false,
  extendedDiagnostics: false,
};

export interface CheckOptions {
  /** TypeScript's `bin/tsc`, or the folder of the package. Default: docteur's own. */
  readonly tsc?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the types of a program and of what it imports, with the nearest tsconfig.json above it. A program in
 * JavaScript is not checked. A program that passes is checked again only when one of its files changes.
 *
 * @param path of the program's file.
 * @throws {ProgramError} `PROGRAM_TYPES`, with the location of each error. @throws {DocteurError}
 * `TSC_NOT_FOUND`.
 */
export async function checkTypes(path: string, { tsc, signal }: CheckOptions = {}): Promise<void> {
  if (!/\.[cm]?ts$/.test(path)) return;
  const program = resolve(path);
  const project = findAbove(program, "tsconfig.json");
  const declarations = await getDeclarations();
  const checker = typeChecker(tsc);
  const key = [program, checker.file, ...checker.args, declarations["docteur/guest"]];
  if (await hasPassed(key)) return;
  const { files, faults } = await compile(checker, configure(program, project, declarations), signal);
  if (faults.length > 0) {
    const errors = faults.filter((fault) => !fault.startsWith(" ")).length;
    throw new ProgramError(
      "PROGRAM_TYPES",
      `${path} has ${countErrors(errors, "type error")}; --no-check runs it all the same`,
      faults,
    );
  }
  await recordPass(key, project === undefined ? files : [project, ...files]);
}

function configure(program: string, project: string | undefined, declarations: Declarations): object {
  const paths = hasDocteur(program)
    ? {}
    : { paths: Object.fromEntries(Object.entries(declarations).map(([name, file]) => [name, [file]])) };
  const own = foldersAbove(program).map((folder) => join(folder, "node_modules", "@types"));
  const typeRoots = [...own.filter((folder) => existsSync(folder)), typesFolder()];
  // Even if the project's `types` leaves it out: Node runs the program.
  const node = typeRoots.map((root) => join(root, "node", "index.d.ts")).filter((file) => existsSync(file));
  return {
    ...(project && { extends: project }),
    compilerOptions: {
      ...(project === undefined ? DEFAULTS : {}),
      ...REQUIRED,
      ...paths,
      typeRoots,
    },
    files: [program, ...node.slice(0, 1)],
    include: [],
    references: [],
  };
}

/** Whether the project has docteur among its packages, and so its declarations. */
function hasDocteur(program: string): boolean {
  return foldersAbove(program).some((folder) =>
    existsSync(join(folder, "node_modules", "docteur", "dist", "types", "guest", "index.d.ts")),
  );
}

/** Returns the absolute paths of all files that the check has read, and the lines of its errors. */
async function compile(checker: TypeChecker, config: object, signal: AbortSignal | undefined) {
  const folder = await makeTemporary();
  try {
    const file = join(folder, "tsconfig.json");
    await writeFile(file, JSON.stringify(config));
    const args = [...checker.args, "-p", file, "--pretty", "false", "--listFiles"];
    const lines = (await run(checker.file, args, signal)).split("\n").filter((line) => line.trim() !== "");
    return {
      files: lines.filter((line) => line.startsWith("/") && existsSync(line)),
      faults: lines.filter((line) => !line.startsWith("/")).map(withLocation),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  return new Promise((done, fail) => {
    execFile(program, args, { maxBuffer: MAX_OUTPUT, ...(signal && { signal }) }, (error, output) => {
      if (signal?.aborted) return fail(aborted(signal));
      // Its status only says that there are errors; its output lists them.
      if (error === null || (typeof error.code === "number" && output !== "")) return done(output);
      fail(
        new DocteurError("CHECK_FAILED", `the types cannot be checked: ${error.message}`, { cause: error }),
      );
    });
  });
}

/** `a.ts(1,2): error TS1: what` as `a.ts:1:2: error TS1: what`. */
function withLocation(line: string): string {
  return line.replace(/^([^\s].*?)\((\d+),(\d+)\): /, "$1:$2:$3: ");
}

function findAbove(file: string, name: string): string | undefined {
  return foldersAbove(file)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
