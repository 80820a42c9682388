import { readdirSync, readFileSync } from "node:fs";

/** All that `ps` could show at this moment of all processes, a line each. */
export function commandLines(): string {
  const lines = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return lines
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return ""; // it has ended
      }
    })
    .join("\n");
}
