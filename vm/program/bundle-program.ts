import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { BuildFailure, Message } from "esbuild";
import type { UserProgram } from "../../guest/protocol/user-program.ts";
import { bundle } from "../artifacts/esbuild.ts";
import { guestModules } from "./guest-modules.ts";
import { nativeAddons } from "./native-addons.ts";
import { countErrors, ProgramError } from "./program-error.ts";
import { onlyProjectFiles, ProjectFiles } from "./project-files.ts";

/**
 * Bundles a program and all that it imports, packages included, to one module; see `ProjectFiles` for what it
 * may import. The paths in its source map are relative to the working directory.
 *
 * @param path of the program's file.
 * @throws {ProgramError} `PROGRAM_NOT_FOUND`, `PROGRAM_INVALID`.
 */
export async function bundleProgram(path: string): Promise<UserProgram> {
  await requireFile(path);
  try {
    const { outputFiles } = await bundle({
      absWorkingDir: process.cwd(),
      entryPoints: [resolve(path)],
      // Not written; the paths of the map are relative to it.
      outfile: "program.mjs",
      write: false,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node26",
      sourcemap: "external",
      sourcesContent: false,
      legalComments: "none",
      plugins: [guestModules, nativeAddons, onlyProjectFiles(new ProjectFiles(path))],
    });
    const output = (ending: string) => outputFiles.find((file) => file.path.endsWith(ending))!.contents;
    return { code: output(".mjs"), map: output(".mjs.map") };
  } catch (cause) {
    const { errors } = cause as BuildFailure;
    if (!Array.isArray(errors)) throw cause;
    throw new ProgramError(
      "PROGRAM_INVALID",
      `${path} cannot be run: ${countErrors(errors.length)} in it or in what it imports`,
      errors.map(describe),
    );
  }
}

async function requireFile(path: string): Promise<void> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "no such file" : (cause.code ?? cause.message);
    throw new ProgramError("PROGRAM_NOT_FOUND", `${path}: ${why}`);
  });
  if (stats.isDirectory()) {
    throw new ProgramError(
      "PROGRAM_NOT_FOUND",
      `${path}: is a folder; name the file of the program, for instance ${basename(path)}/main.ts`,
    );
  }
}

function describe({ location, text }: Message): string {
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}
