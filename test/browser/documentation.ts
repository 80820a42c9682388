import { join } from "node:path";
import { fetchPackages } from "../../vm/artifacts/debian.ts";
import { cached } from "../../vm/cache/cache.ts";

/** What Python's documentation links to outside of its own folder. */
const SCRIPTS = ["libjs-jquery", "libjs-underscore"];

/**
 * A folder with Debian's documentation of Python and, by symbolic links, the scripts that its search needs:
 * some thousand files, 67 MB. Its start is at `/doc/python3.X/html/`. Fetched once.
 */
export async function documentation(): Promise<string> {
  const folder = await cached("test-documentation", async (folder) => {
    await fetchPackages(
      async (depends) => {
        const docs = (await depends("python3-doc"))?.find((name) => /^python3\.\d+-doc$/.test(name));
        return [docs ?? "python3-doc", ...SCRIPTS];
      },
      join(folder, "root"),
    );
  });
  return join(folder, "root", "usr", "share");
}
