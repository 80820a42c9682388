import { execFileSync } from "node:child_process";
import type { Choice } from "../vm/artifacts/debian.ts";

/**
 * Chooses packages, and of all that they depend on what is not installed here. Debian's releases name
 * libraries differently.
 */
export function closure(packages: readonly string[]): Choice {
  return async (depends) => {
    const installed = installedPackages();
    const chosen = new Set<string>();
    const seen = new Set<string>();
    for (let level = [...packages]; level.length > 0; ) {
      const news = level.filter((name) => !seen.has(name));
      for (const name of news) seen.add(name);
      const next: string[] = [];
      for (const name of news) {
        // A name that is no package stands for others, of which one is here or named beside it.
        const needed = await depends(name);
        if (needed === undefined) continue;
        chosen.add(name);
        next.push(...needed.filter((other) => !installed.has(other)));
      }
      level = next;
    }
    return [...chosen];
  };
}

function installedPackages(): Set<string> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
  const format = "${Package} ${db:Status-Status}\n";
  const lines = execFileSync("dpkg-query", ["-W", "-f", format], { encoding: "utf8" }).split("\n");
  return new Set(lines.filter((line) => line.endsWith(" installed")).map((line) => line.split(" ")[0]!));
}
