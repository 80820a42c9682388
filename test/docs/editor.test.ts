import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { CHECKOUT, projectFiles } from "./pages.ts";

const config = readFileSync(join(CHECKOUT, ".editorconfig"), "utf8");
const { formatter } = JSON.parse(readFileSync(join(CHECKOUT, "biome.json"), "utf8"));

test(".editorconfig says what biome formats", (t) => {
  for (const line of [
    `indent_style = ${formatter.indentStyle}`,
    `indent_size = ${formatter.indentWidth}`,
    `max_line_length = ${formatter.lineWidth}`,
  ]) {
    t.true(config.split("[Makefile]")[0]!.includes(`\n${line}\n`), line);
  }
  t.regex(config, /\[Makefile\]\nindent_style = tab\n/);
});

test("the files of the project are as .editorconfig says", (t) => {
  const files = projectFiles();
  t.true(files.length > 400);
  for (const path of files) {
    const text = readFileSync(join(CHECKOUT, path), "utf8");
    t.notRegex(text, /\r|[ \t]+$/m, path);
    t.true(text === "" || text.endsWith("\n"), path);
    if (path !== "Makefile") t.notRegex(text, /^\t/m, path);
  }
});
