import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FIXTURES } from "../fixtures.ts";
import { startRangeServer } from "../remote/range-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { docteur } from "./docteur.ts";

const IMAGE = join(FIXTURES, "similar.img");

const requestsOf = async (url: string) => Number(await (await fetch(new URL("/requests", url))).text());

test("verify reads an image behind a server, and what it has read from the cache the next time", async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t) };
  const url = await startRangeServer(t, IMAGE);
  const local = await docteur(["verify", IMAGE]);
  const cold = await docteur(["verify", url], { env });
  t.deepEqual([cold.stdout.toString(), cold.stderr, cold.status], [local.stdout.toString(), "", 0]);
  const before = await requestsOf(url);
  const warm = await docteur(["verify", url], { env });
  t.deepEqual([warm.stdout.toString(), warm.stderr, warm.status], [local.stdout.toString(), "", 0]);
  t.is(await requestsOf(url), before + 1, "it asks whether the image is as it was");
});

test("cache lists what is kept of an image, without the secrets of its address, and removes it", async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t) };
  const url = await startRangeServer(t, IMAGE);
  t.is((await docteur(["cache", "list"], { env })).stdout.toString(), "");
  await docteur(["verify", url], { env });
  mkdirSync(join(env.XDG_CACHE_HOME, "docteur/kernel-x"));
  writeFileSync(join(env.XDG_CACHE_HOME, "docteur/kernel-x/vmlinuz"), Buffer.alloc(10_000));

  const { stdout, status } = await docteur(["cache", "list"], { env });
  t.is(status, 0);
  const lines = stdout.toString().split("\n");
  t.regex(lines[0]!, new RegExp(`^image {2}${url} {2}\\d+ KB of \\d+ KB {2}\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$`));
  t.true(lines.slice(1).some((line) => /^machine {2}kernel-x {2}1\d KB {2}\d{4}-/.test(line)));
  const json = JSON.parse((await docteur(["cache", "list", "--json"], { env })).stdout.toString());
  t.like(json.images, [{ address: url, size: readFileSync(IMAGE).length }]);
  t.true(
    json.machine.some(
      ({ name, bytes }: { name: string; bytes: number }) => name === "kernel-x" && bytes >= 10_000,
    ),
  );

  const kept = await docteur(["cache", "prune", "--to", "1G"], { env });
  t.deepEqual([kept.stderr, kept.status], ["", 0]);
  const pruned = await docteur(["cache", "prune"], { env });
  t.regex(pruned.stderr, /^docteur: removed blocks of images \(\d+ KB\)\n$/);
  t.false((await docteur(["cache", "list"], { env })).stdout.toString().includes("image "));
  t.true(readdirSync(join(env.XDG_CACHE_HOME, "docteur")).includes("kernel-x"));
  const all = await docteur(["cache", "prune", "--machine"], { env });
  t.regex(all.stderr, /docteur: removed kernel-x \(1\d KB\)\n/);
  t.false(readdirSync(join(env.XDG_CACHE_HOME, "docteur")).includes("kernel-x"));
});

test("nothing is kept of an image whose version its server does not name", async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t) };
  const url = (await startRangeServer(t, IMAGE)).replace("disk.img", "unversioned.img");
  const { stderr, status } = await docteur(["verify", "-q", url], { env });
  t.deepEqual([stderr, status], ["", 0]);
  t.false((await docteur(["cache", "list"], { env })).stdout.toString().includes("image "));
});

test("--cache-size=0 keeps nothing, and what it takes is checked", async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t) };
  const url = await startRangeServer(t, IMAGE);
  t.is((await docteur(["verify", "--cache-size=0", url], { env })).status, 0);
  t.false(
    readdirSync(env.XDG_CACHE_HOME, { recursive: true, encoding: "utf8" }).some((name) =>
      name.includes("blocks"),
    ),
  );
  for (const bad of ["-1", "1X", "x", "99999999999G", "1e3"]) {
    const { stderr, status } = await docteur(["verify", `--cache-size=${bad}`, url], { env });
    t.is(status, 2);
    t.true(stderr.startsWith(`docteur: --cache-size takes a size such as 512M or 2G, not '${bad}'`), stderr);
  }
  const { stderr, status } = await docteur(["cache", "empty"], { env });
  t.deepEqual(
    [stderr, status],
    ["docteur: unknown action 'empty'; the actions are list, prune; see docteur cache --help\n", 2],
  );
});

test("verify does without a cache that it cannot use", async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t) };
  const url = await startRangeServer(t, IMAGE);
  mkdirSync(join(env.XDG_CACHE_HOME, "docteur"));
  chmodSync(join(env.XDG_CACHE_HOME, "docteur"), 0o777);
  const { stderr, status } = await docteur(["verify", "-q", url], { env });
  t.deepEqual([stderr, status], ["", 0]);
  t.is(execFileSync("find", [join(env.XDG_CACHE_HOME, "docteur"), "-name", "blocks"]).length, 0);
});

test("the fault of an address is reported without its query, and the query is in no message", async (t) => {
  const env = { XDG_CACHE_HOME: temporaryFolder(t) };
  const damaged = readFileSync(IMAGE);
  damaged[5000]! ^= 1;
  const file = join(temporaryFolder(t), "x.img");
  writeFileSync(file, damaged);
  const url = await startRangeServer(t, file);
  const { stdout, stderr, status } = await docteur(["verify", "--json", "--keep-going", url], { env });
  t.is(status, 1);
  t.regex(stderr, /^docteur: http:\/\/127\.0\.0\.1:\d+\/disk\.img: invalid image: /);
  t.is(JSON.parse(stdout.toString()).error.code, "INVALID_IMAGE");
  const gone = await docteur(["verify", url.replace("disk.img", "nope?X-Signature=verysecret")], { env });
  t.is(gone.status, 1);
  t.regex(gone.stderr, /^docteur: http:\/\/127\.0\.0\.1:\d+\/nope\?\.\.\.: /);
  t.false(gone.stderr.includes("verysecret"));
});
