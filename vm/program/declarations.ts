import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { sourcesKey } from "../artifacts/bundle.ts";
import { cached } from "../cache/cache.ts";
import { packageRoot, pinnedNode } from "../package-root.ts";
import { runTool } from "../tools.ts";

/** The declaration files of docteur's modules that a program may import. */
export type Declarations = Readonly<Record<"docteur/guest" | "docteur/store", string>>;

/**
 * Returns the declarations: those of the npm package; in a checkout, they are made from the sources whenever
 * these change.
 */
export async function getDeclarations(): Promise<Declarations> {
  const root = packageRoot();
  const sources = join(root, "guest", "index.ts");
  const folder = existsSync(sources)
    ? await cached(`declarations-${await sourcesKey(root)}`, (folder) => makeDeclarations(root, folder))
    : join(root, "dist", "types");
  return {
    "docteur/guest": join(folder, "guest", "index.d.ts"),
    "docteur/store": join(folder, "reader", "index.d.ts"),
  };
}

async function makeDeclarations(root: string, folder: string): Promise<void> {
  const config = {
    extends: join(root, "tsconfig.types.json"),
    compilerOptions: { rootDir: root, outDir: folder, typeRoots: [typesFolder()] },
    include: [join(root, "guest", "index.ts"), join(root, "reader", "index.ts")],
  };
  const file = join(folder, "tsconfig.json");
  await writeFile(file, JSON.stringify(config));
  await runTool(pinnedNode(), [ownCompiler(), "-p", file]);
}

/** The folder of packages of declarations, with that of Node. */
export function typesFolder(): string {
  return dirname(dirname(fromRoot("@types/node/package.json")));
}

/** The path of docteur's own type checker. */
export function ownCompiler(): string {
  return join(dirname(fromRoot("typescript/package.json")), "bin", "tsc");
}

function fromRoot(specifier: string): string {
  return createRequire(join(packageRoot(), "package.json")).resolve(specifier);
}
