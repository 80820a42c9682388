import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { GIT_ENVIRONMENT } from "./sandbox.ts";

const CHECKOUT = join(import.meta.dirname, "../..");

interface Example {
  readonly command: string;
  readonly output: string;
}

/** The commands in a document's console blocks, each with what it is said to print. */
function consoleExamples(document: string): Example[] {
  const blocks = [...document.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((example) => {
        const end = example.indexOf("\n");
        return { command: example.slice(0, end), output: example.slice(end + 1) };
      }),
  );
}

test("the examples of FORMAT.md print what the page shows", (t) => {
  const folder = temporaryFolder(t);
  const path = [join(CHECKOUT, "scripts"), GIT_ENVIRONMENT.PATH].join(delimiter);
  const examples = consoleExamples(readFileSync(join(CHECKOUT, "docs/FORMAT.md"), "utf8"));
  t.true(examples.length >= 10);
  for (const { command, output } of examples) {
    const printed = execFileSync("bash", ["-c", command], {
      cwd: folder,
      env: { ...GIT_ENVIRONMENT, PATH: path },
    });
    t.is(printed.toString().replace(/\n?$/, "\n"), output === "" ? "\n" : output, command);
  }
});
