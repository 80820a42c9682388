import { withoutFirstRunNotes } from "../first-run.ts";
import { command } from "./docteur.ts";

/** The console sessions in a document: each command, and what it prints, errors included. */
export function sessions(document: string): { line: string; output: string }[] {
  const blocks = [...document.matchAll(/^```console\n(.*?)^```/gms)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [line, ...output] = step.split("\n");
        return { line: line!, output: output.join("\n") };
      }),
  );
}

/** What a shell prints for a command, errors included, but not the lines of a first run. */
export async function printed(line: string, folder: string): Promise<string> {
  const { stdout } = await command("sh", ["-c", `{ ${line}\n} 2>&1`], { cwd: folder });
  return withoutFirstRunNotes(stdout.toString());
}
