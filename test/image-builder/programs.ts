import { join } from "node:path";
import { cached, keyOf } from "../../vm/cache.ts";
import { fetchPackages } from "../../vm/debian.ts";

/** Servers, what makes keys and certificates for them, and the libraries that a small system may lack. */
const PACKAGES = [
  ...["openssh-server", "openssh-client", "libwrap0", "libnss-wrapper"],
  ...["lighttpd", "lighttpd-mod-openssl", "libnettle8", "libpcre2-8-0", "libxxhash0"],
  ...["openssl", "libssl3"],
];

/** The folder of Debian's packages of servers, fetched once and installed nowhere: their `usr` lies in it. */
export function programs(): Promise<string> {
  return cached(`test-programs-${keyOf(...PACKAGES)}`, async (folder) => {
    await fetchPackages(async () => PACKAGES, join(folder, "root"));
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
