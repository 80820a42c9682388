import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import test from "ava";
import { CHECKOUT, type Page, pages, projectFiles } from "./pages.ts";

const ROOMS = /^(?:\.ci|bench|docs|guest|image-builder|reader|remote|scripts|test|vm)\//;

/** Programs that the pages show, and files that their examples make. */
const EXAMPLES = [
  "answer.ts",
  "crash.ts",
  "hello.ts",
  "p.ts",
  "read.ts",
  "search.ts",
  "traced.ts",
  "main.ts",
];

/** What `make build` makes, or an example. */
const MADE = /^(?:dist|node_modules)\//;

const files = projectFiles();
const names = new Set(files.map((path) => basename(path)));

/** What stands between backticks in a page, code blocks left out. */
function codeSpans({ text }: Page): string[] {
  return [...text.replace(/^```.*?^```/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
}

/** The anchor that a heading gets. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

test("every path that a document names is there", (t) => {
  let found = 0;
  for (const page of pages) {
    for (const code of codeSpans(page)) {
      const [path] = code.split(/[\s:]/) as [string];
      if (!ROOMS.test(path) || path.includes("*") || /[A-Z]{4}/.test(basename(path, ".md"))) continue;
      found++;
      t.true(existsSync(join(CHECKOUT, path)), `${page.path}: ${path}`);
    }
  }
  t.true(found > 100);
});

test("every file that a document names without its folder is there", (t) => {
  for (const page of pages) {
    for (const code of codeSpans(page)) {
      if (!/^[\w-]+(?:\.test)?\.ts$/.test(code) || EXAMPLES.includes(code)) continue;
      t.true(names.has(code), `${page.path}: ${code}`);
    }
  }
});

test("every link of a document leads to a file of the project, and to a heading of it", (t) => {
  let found = 0;
  for (const page of pages) {
    for (const [, target] of page.text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, heading] = target!.split("#") as [string, string?];
      const file = path === "" ? page.path : normalize(join(dirname(page.path), path));
      found++;
      t.true(existsSync(join(CHECKOUT, file)) && !MADE.test(file), `${page.path}: ${target}`);
      if (heading === undefined) continue;
      const headings = readFileSync(join(CHECKOUT, file), "utf8").matchAll(/^#+ (.*)$/gm);
      t.true(
        [...headings].some(([, text]) => anchor(text!) === heading),
        `${page.path}: ${target}`,
      );
    }
  }
  t.true(found > 50);
});

test("ARCHITECTURE.md names every folder of the packages, and the README every page", (t) => {
  const architecture = pages.find(({ path }) => path === "docs/ARCHITECTURE.md")!.text;
  const folders = new Set(
    files
      .filter((path) => /^(?:guest|image-builder|reader|remote|vm)\/.*\//.test(path))
      .map((path) => `${dirname(path)}/`),
  );
  t.true(folders.size > 20);
  for (const folder of folders) t.true(architecture.includes(`\`${folder}\``), folder);
  const readme = pages.find(({ path }) => path === "README.md")!.text;
  for (const { path } of pages) {
    if (/^docs\/[^/]+$/.test(path)) t.true(readme.includes(`](${path})`), path);
  }
  t.true(readme.includes("](docs/API.md)") && readme.includes("](docs/decisions/README.md)"));
});

test("the page of decisions names each of them, and each says how to measure again or where it is", (t) => {
  const decisions = pages.filter(({ path }) => path.startsWith("docs/decisions/"));
  const list = decisions.find(({ path }) => path.endsWith("/README.md"))!.text;
  for (const { path, text } of decisions) {
    if (path.endsWith("/README.md")) continue;
    t.true(list.includes(`(${basename(path)})`), path);
    t.regex(text, /^# .*\n\n\*\*Decision\.\*\*/, path);
    t.regex(text, /^\*\*Why\.\*\*/m, path);
    for (const [, bench] of text.matchAll(/BENCH=([\w-]+)/g)) {
      t.true(existsSync(join(CHECKOUT, `bench/${bench}.ts`)), `${path}: ${bench}`);
    }
  }
});
