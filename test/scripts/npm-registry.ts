import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";

/** A registry of npm's packages on this machine. */
export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** The names that were asked for, in order. */
  readonly asked: readonly string[];
}

/**
 * Starts one that has the packages in these folders, by the names and versions in their package.json, and
 * nothing else. What it answers is as npm's own registry does: a document a package, and an archive a
 * version.
 */
export async function startRegistry(folders: readonly string[]): Promise<Registry> {
  const manifests = folders.map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")),
  }));
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    try {
      const [name = "", file] = decodeURIComponent(request.url ?? "")
        .slice(1)
        .split("/-/");
      const versions = manifests.filter(({ manifest }) => manifest.name === name);
      if (file === undefined) asked.push(name);
      if (versions.length === 0) return void response.writeHead(404).end("{}");
      if (file !== undefined) {
        const version = versions.find(({ manifest }) => file === `${manifest.version}.tgz`);
        return void response.end(await archive(version!.folder));
      }
      const described = versions.map(async ({ folder, manifest }) => {
        const shasum = createHash("sha1")
          .update(await archive(folder))
          .digest("hex");
        const dist = { tarball: `${url}${name}/-/${manifest.version}.tgz`, shasum };
        return [manifest.version, { ...manifest, dist }];
      });
      const latest = versions.map(({ manifest }) => manifest.version).at(-1);
      const body = {
        name,
        "dist-tags": { latest },
        versions: Object.fromEntries(await Promise.all(described)),
      };
      response.setHeader("content-type", "application/json").end(JSON.stringify(body));
    } catch (error) {
      response.writeHead(500).end(JSON.stringify({ error: String(error) }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const archives = new Map<string, Promise<Uint8Array>>();

/** The folder as npm packs one, without the packages in it. */
function archive(folder: string): Promise<Uint8Array> {
  let made = archives.get(folder);
  if (made === undefined) {
    const args = ["--create", "--exclude=./node_modules", "--transform=s,^[.],package,", "--sort=name"];
    made = execa("tar", [...args, "--use-compress-program=gzip -1", "--directory", folder, "."], {
      encoding: "buffer",
    }).then(({ stdout }) => stdout as Uint8Array);
    archives.set(folder, made);
  }
  return made;
}
