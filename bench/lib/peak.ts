import { execa } from "execa";

const PROGRAM = new URL("../programs/peak.mjs", import.meta.url).pathname;

/**
 * Runs a command, its output thrown away, and returns the most memory, in MB, that it or one it started
 * held, and how many seconds it took.
 */
export async function peak(
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await execa(process.execPath, ["--no-warnings", PROGRAM, ...command], { env });
  const [kibibytes, seconds] = stdout.split(" ");
  return { "peak MB": Number(kibibytes) / 1024, seconds: Number(seconds) };
}
