import { compare } from "../lib/compare.ts";
import { loading } from "./load.ts";
import { behindSlirp, busybox, docteur, nginxOfHost, type Server } from "./servers.ts";
import { MEDIUM, SMALL, site } from "./site.ts";

const CONNECTIONS = 16;

/** What is asked for: a path of rust-doc, and header fields. */
const REQUESTS = [
  { name: "small", path: SMALL, headers: [] },
  { name: "medium", path: MEDIUM, headers: [] },
  { name: "deflate", path: MEDIUM, headers: ["Accept-Encoding: deflate"] },
  { name: "gzip", path: MEDIUM, headers: ["Accept-Encoding: gzip, deflate, br"] },
  { name: "304", path: MEDIUM, headers: ["If-None-Match"] },
] as const;

/** Requests a second, beside the same guest behind SLIRP, busybox httpd behind SLIRP, and nginx on the host. */
export async function rates(): Promise<void> {
  await using ours = await docteur(site.image);
  await using slirp = await behindSlirp(site.image);
  await using squashfs = await busybox(site.squashfs);
  await using nginx = await nginxOfHost(site.folder);
  for (const { name, path, headers } of REQUESTS) {
    const contender = async (server: Server, options: { target?: number; mayFail?: boolean } = {}) => {
      const request = { path, headers: await filledIn(headers, server.base + path) };
      return loading(server, request, { connections: CONNECTIONS, ...options });
    };
    await compare({
      name: `serve-${name}`,
      title: `serve: 1,000 requests for ${path} over ${CONNECTIONS} connections (${name})`,
      ours: await contender(ours),
      // Of connections that come at once, SLIRP makes some wait longer than wrk does.
      peer: await contender(slirp, { target: 1 / 1.5, mayFail: true }),
      others: [await contender(squashfs, { target: 1 / 2, mayFail: true }), await contender(nginx)],
      limits: [{ measure: "p99/p50", most: 4 }],
    });
  }
}

/** Gives each server the entity tag that is its own. */
async function filledIn(headers: readonly string[], url: string): Promise<string[]> {
  if (!headers.includes("If-None-Match")) return [...headers];
  // wrk takes the file as it is, so its tag is wanted.
  const tag = (await fetch(url, { headers: { "accept-encoding": "identity" } })).headers.get("etag");
  return headers.map((header) => (header === "If-None-Match" ? `${header}: ${tag}` : header));
}
