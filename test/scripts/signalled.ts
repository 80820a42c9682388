import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { withoutFirstRunNotes } from "../first-run.ts";
import { CHECKOUT } from "./docteur.ts";

/**
 * Runs `scripts/docteur` with an input that does not end, and sends it a signal as soon as it has written
 * something.
 * @returns its exit status, and all that it wrote.
 */
export async function signalled(
  args: readonly string[],
  signal: NodeJS.Signals,
  { input = "", cwd = CHECKOUT }: { input?: string; cwd?: string } = {},
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const running = spawn(join(CHECKOUT, "scripts/docteur"), args, { cwd });
  let stdout = "";
  let stderr = "";
  running.stdout.on("data", (piece: Buffer) => {
    stdout += piece;
  });
  running.stderr.on("data", (piece: Buffer) => {
    stderr += piece;
  });
  const closed = once(running, "close");
  running.stdout.once("data", () => running.kill(signal));
  running.stdin.write(input);
  const [status] = await closed;
  return { status, stdout, stderr: withoutFirstRunNotes(stderr) };
}
