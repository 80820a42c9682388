// nginx as a mirror: its slice cache between the hosts and the origin (docs/SCALE.md has the same settings).
import { freePort } from "../lib/free-port.ts";
import { DelayProxy } from "./delay-proxy.ts";
import { deepContent, deepPath, files, webRoot } from "./images.ts";
import { docteur, folder, hostCache } from "./machine.ts";
import { nginxOrigin, nginxWith } from "./origins.ts";
import { results } from "./results.ts";

/** Hosts that have nothing of the image yet, each with a cache of its own. */
const HOSTS = Number(process.env.HOSTS ?? 8);

/** Milliseconds to the origin; the mirror is near. */
const ROUND_TRIP = 20;

/** What the mirror's cache is configured by. @param origin `HOST:PORT`. */
function settings(home: string, port: number, origin: string): string {
  return `proxy_cache_path ${home}/cache keys_zone=images:10m max_size=20g inactive=30d use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location / {
      slice 1m;
      proxy_pass http://${origin};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Range $slice_range;
      proxy_cache images;
      proxy_cache_key $uri$slice_range;
      proxy_cache_valid 200 206 60s;
      proxy_cache_revalidate on;
      proxy_cache_lock on;
      proxy_cache_use_stale updating error timeout;
      add_header Cache-Control "max-age=60, immutable";
    }
  }`;
}

/** Hosts one after the other, then all at once: what the mirror asks the origin for. */
export async function mirror(): Promise<void> {
  await using nginx = await nginxOrigin(folder("nginx"), webRoot);
  await using far = await DelayProxy.start(nginx.port, ROUND_TRIP);
  const home = folder("mirror");
  const port = await freePort();
  await using cache = await nginxWith(home, port, settings(home, port, `127.0.0.1:${far.port}`));
  await using near = await DelayProxy.start(cache.port, 0);
  const url = `http://127.0.0.1:${near.port}/disk.img`;
  const read = async (host: string) => {
    const args = ["run", "-t", "unix", url, "cat", deepPath];
    const { stdout, stderr, status } = await docteur(args, { cacheHome: host });
    if (status !== 0 || !stdout.equals(deepContent)) throw new Error(`a host ends with ${status}: ${stderr}`);
  };
  const rows: object[] = [];
  const note = (what: string) => {
    const [hosts, origin] = [near.take(), far.take()];
    const row = {
      ...{ what, requests: hosts.requests.length, KiB: Math.round(hosts.bytes / 1024) },
      ...{ originRequests: origin.requests.length, originKiB: Math.round(origin.bytes / 1024) },
    };
    rows.push(row);
    process.stdout.write(
      `  ${what}: ${row.requests} requests, ${row.KiB} KiB; of the origin ${row.originRequests}, ${row.originKiB} KiB\n`,
    );
  };
  process.stdout.write(`a mirror: nginx with a slice cache before the origin of ${files.name}\n`);
  const first = hostCache();
  await read(first);
  note("the first host");
  await read(first);
  note("the same host again");
  await Promise.all(Array.from({ length: HOSTS }, () => read(hostCache())));
  note(`${HOSTS} other hosts at once`);
  process.stdout.write("\n");
  results("remote-mirror", { rows });
}
