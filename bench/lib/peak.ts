import { execa } from "execa";

/** Runs a command, its output thrown away, and gives the most memory that it, or one it started, held, in MB. */
export async function peak(command: readonly string[]): Promise<Readonly<Record<string, number>>> {
  // Linux tells a parent of the largest of its children and of theirs (getrusage(2), RUSAGE_CHILDREN).
  const measure = `import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)`;
  const { stdout } = await execa("python3", ["-c", measure, ...command], { stderr: "ignore" });
  return { "peak MB": Number(stdout) / 1024 };
}
