import { readFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { WatchedAddress } from "../../../scripts/serving/watched-address.ts";
import { get } from "../../guest/http/served.ts";
import { descendants } from "../../vm/fixture.ts";
import { serveVersions } from "../../vm/image/image-server.ts";
import { startSite } from "../../vm/serving/site.ts";
import { docteur, refused } from "../docteur.ts";

/** Serves two versions one after the other by processes of a kind, without an interruption. */
async function swaps(t: ExecutionContext, options: readonly string[]): Promise<void> {
  const [image, versions] = await serveVersions(t, 2);
  const url = `${image.url}?sig=SECRETSECRET`;
  const site = await startSite(t, [...options, "--cache-size", "0", url]);
  const body = async (path: string) => (await get(site.port, path)).body;
  const assertServes = async (index: number) => {
    for (const [path, content] of versions[index]!.files) t.true((await body(path)).equals(content), path);
  };
  await assertServes(0);
  const { length } = image.requests;
  await Promise.all(Array.from({ length: 8 }, () => assertServes(0)));
  t.is(image.requests.length, length, "all machines of the process share what was fetched");

  image.content = readFileSync(versions[1]!.image);
  image.etag = '"1"';
  site.child.kill("SIGHUP");
  t.is(await site.line(/: serving /), `docteur: ${image.url}?...: serving commit ${versions[1]!.commit}`);
  await assertServes(1);

  image.misbehave = (_request, response) => response.writeHead(404).end() !== undefined;
  site.child.kill("SIGHUP");
  const line = await site.line(/ is not updated: /);
  t.true(line.startsWith(`docteur: ${image.url}?... is not updated: ${image.url}?...: `), line);
  await assertServes(1);
  t.is(await site.end(), 143);
  t.deepEqual(descendants(process.pid), []);
  while (image.sockets.size > 0) await new Promise(setImmediate);
}

test.serial("processes serve what lies at an address, and at SIGHUP what lies there then", (t) =>
  swaps(t, ["-t", "unix", "--replicas", "2"]),
);

test.serial("so do machines", (t) => swaps(t, ["--replicas", "2"]));

test.serial(
  "what cannot be read is an error of the server's for the client, and a line for the operator",
  async (t) => {
    const [image, versions] = await serveVersions(t, 2);
    const site = await startSite(t, ["-t", "unix", "--cache-size", "0", image.url]);
    image.content = readFileSync(versions[1]!.image);
    image.etag = '"1"';
    t.is((await get(site.port, "/big.bin")).status, 500);
    t.regex(await site.line(/site\.img: the image has changed/), /^docteur: http:/);
    site.child.kill("SIGHUP");
    await site.line(/: serving commit /);
    t.true((await get(site.port, "/big.bin")).body.equals(versions[1]!.files.get("/big.bin")!));
    t.is(await site.end(), 143);
  },
);

test.serial("a machine that waits for an image longer than one may hang is not killed", async (t) => {
  const [image, [version]] = await serveVersions(t);
  const site = await startSite(t, ["-t", "unix", "--cache-size", "0", image.url]);
  let release = false;
  image.misbehave = (_request, response) => {
    // As long as its questions go without an answer for, and a bit more.
    setTimeout(() => response.destroy(), release ? 0 : 20_000);
    return !release;
  };
  setTimeout(() => {
    release = true;
  }, 19_000);
  t.true((await get(site.port, "/big.bin")).body.equals(version!.files.get("/big.bin")!));
  t.deepEqual(
    site.lines.filter((line) => /another machine|not answered/.test(line)),
    [],
  );
  t.is(await site.end(), 143);
});

test("an address is watched by its version", async (t) => {
  const [image] = await serveVersions(t);
  const { signal } = new AbortController();
  const watched = await WatchedAddress.begin(image.url, {}, signal);
  t.false(await watched.look(signal));
  image.etag = '"1"';
  t.true(await watched.look(signal));
  t.false(await watched.look(signal));
  image.misbehave = (_request, response) => response.writeHead(403).end() !== undefined;
  await t.throwsAsync(watched.look(signal), { instanceOf: SourceError, code: "SOURCE_DENIED" });
  await t.throwsAsync(WatchedAddress.begin("nbd://127.0.0.1/", {}, signal), { code: "SOURCE_UNSUPPORTED" });
});

test("options that do not go with an address are refused", async (t) => {
  const serving = ["-p", "0:80", "http://127.0.0.1:1/site.img?sig=SECRETSECRET", "serve"];
  const follow = await docteur(["run", "--follow", "/tmp", ...serving]);
  refused(
    t,
    follow,
    2,
    /--follow writes IMAGE: it must be a file, not http:\/\/127\.0\.0\.1:1\/site\.img\?\.\.\.; /,
  );
  refused(
    t,
    await docteur(["run", "--watch", ...serving]),
    1,
    /site\.img\?\.\.\.: the server takes no connections/,
  );
  const other = await docteur(["run", "--commit", "0".repeat(40), ...serving]);
  refused(t, other, 1, /site\.img\?\.\.\.: the server takes no connections/);
});
