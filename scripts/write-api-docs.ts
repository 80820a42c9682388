/**
 * Writes docs/API.md: what the libraries export, from the declarations that TypeScript makes of their sources.
 *
 *     node scripts/write-api-docs.ts
 *
 * A tool of its own would be one more dependency (docs/decisions/api-page.md), and what is here needs no more
 * than this.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import packageJson from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");

const INTRODUCTION = `# The interfaces of the libraries

What \`docteur/store\`, \`docteur/remote\`, \`docteur/vm\` and \`docteur/guest\` export. \`scripts/write-api-docs.ts\` writes
this page from the sources; do not edit it. [STORE.md](STORE.md), [VM.md](VM.md) and [UNIKERNELS.md](UNIKERNELS.md)
say how to use them.
`;

const LIBRARIES = ["store", "remote", "vm", "guest"] as const;

/** A declaration that a library exports. */
interface Exported {
  readonly name: string;
  /** Where it is declared. */
  readonly file: string;
  /** The text of its doc comment, or nothing. */
  readonly comment: string;
  readonly declaration: string;
}

/** The page, from the declarations of the sources as they are. */
export async function apiPage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "docteur-types-"));
  try {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    await execa(process.execPath, [tsc, "-p", "tsconfig.types.json", "--outDir", folder], { cwd: ROOT });
    const seen = new Map<string, string>();
    const sections = LIBRARIES.map((library) => {
      const { types } = packageJson.exports[`./${library}`];
      return section(library, exportsOf(join(folder, relative("dist/types", types))), seen);
    });
    return [INTRODUCTION, ...sections].join("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param seen the library of each declaration that is written already, by its file and name. */
function section(library: string, exported: readonly Exported[], seen: Map<string, string>): string {
  const parts = exported
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, file, comment, declaration }) => {
      const before = seen.get(`${file} ${name}`);
      if (before !== undefined) return `### ${name}\n\nAs in \`docteur/${before}\`.`;
      seen.set(`${file} ${name}`, library);
      return [`### ${name}`, comment, `\`\`\`ts\n${declaration}\n\`\`\``].filter(Boolean).join("\n\n");
    });
  return [`## docteur/${library}`, ...parts].join("\n\n").concat("\n");
}

/** All that a module exports by name, followed to where it is declared. @throws if that is not found. */
function exportsOf(file: string): Exported[] {
  const text = readFileSync(file, "utf8");
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]+)\} from "(.+)";$/gm)].flatMap(
    ([, names, from]) =>
      names!
        .split(/,\s*|\s*$/)
        .filter(Boolean)
        .map((name) => find(join(dirname(file), from!), name.trim().replace(/^type /, ""))),
  );
  const declared = [...text.matchAll(/^export (?:declare )?(?:class|interface|type|function) (\w+)/gm)];
  return [...passedOn, ...declared.map(([, name]) => find(file, name!))];
}

function find(file: string, name: string): Exported {
  const text = readFileSync(file.replace(/(?<!\.d)\.ts$/, ".d.ts"), "utf8");
  const start = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:class|interface|type|function) ${name}\\b`,
    "m",
  );
  const at = text.search(start);
  if (at < 0) {
    const from = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "(.+)";$`, "m").exec(
      text,
    )?.[1];
    if (from === undefined) throw new Error(`${file} does not export ${name}`);
    return find(join(dirname(file), from), name);
  }
  return {
    name,
    file,
    comment: commentBefore(text.slice(0, at)),
    declaration: declarationAt(text.slice(at)),
  };
}

/** A doc comment that ends where the text ends, as prose. */
function commentBefore(text: string): string {
  const found = /\/\*\*((?:(?!\*\/).)*)\*\/\n$/s.exec(text);
  if (found === null) return "";
  const lines = found[1]!.split("\n").map((line) => line.replace(/^ ?\* ?/, "").trimEnd());
  return lines
    .join("\n")
    .trim()
    .replace(/\n+@/g, "\n\n@")
    .replace(/^@(\w+)(?: \{(.+?)\})?/gm, tag);
}

/** `@throws {X}` as prose. */
function tag(_: string, name: string, type?: string): string {
  return type === undefined ? `*${name}*` : `*${name}* \`${type}\``;
}

/** Up to the line on which all brackets are closed, without what is private. */
function declarationAt(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  for (const line of text.split("\n")) {
    lines.push(line);
    if (/^\s*(?:\/?\*|\/\*\*)/.test(line)) continue;
    for (const [bracket] of line.matchAll(/[{}()[\]]/g)) depth += "{([".includes(bracket) ? 1 : -1;
    if (depth === 0 && /[;}]$/.test(line)) break;
  }
  return lines
    .join("\n")
    .replace(/^export (?:declare )?/, "")
    .replace(/^type .{110,}$/, (line) =>
      line.replace(/ = (?=")| \| (?=")/g, (sign) => `${sign.trimEnd()}\n    `),
    )
    .replace(/^ +#private;\n/m, "")
    .replace(/^( {4})+/gm, (indent) => indent.slice(indent.length / 2));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(ROOT, "docs/API.md"), await apiPage());
}
