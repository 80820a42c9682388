import { join } from "node:path";
import { fetchPackages } from "../../vm/artifacts/debian.ts";
import { cached, keyOf } from "../../vm/cache/cache.ts";
import { closure } from "../debian-closure.ts";

/** Servers, and what makes keys and certificates for them. */
const PACKAGES = [
  ...["openssh-server", "openssh-client", "libnss-wrapper"],
  ...["lighttpd", "lighttpd-mod-openssl", "openssl"],
];

/**
 * The folder of Debian's packages of servers, with the libraries that this machine lacks, fetched once and
 * installed nowhere: their `usr` lies in it.
 */
export function programs(): Promise<string> {
  return cached(`test-programs-${keyOf(...PACKAGES)}`, async (folder) => {
    await fetchPackages(closure(PACKAGES), join(folder, "root"));
  });
}

/** Where a program of those packages lies, and the environment it runs in. */
export async function program(
  name: string,
): Promise<{ readonly path: string; readonly root: string; readonly env: Record<string, string> }> {
  const root = join(await programs(), "root");
  const libraries = ["usr/lib", "lib"].map((folder) => join(root, folder, "x86_64-linux-gnu"));
  return { root, path: join(root, "usr", name), env: { LD_LIBRARY_PATH: libraries.join(":") } };
}
