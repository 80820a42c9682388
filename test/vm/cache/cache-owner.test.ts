import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { whyNotOwn } from "../../../remote/cache/cache-owner.ts";
import { cached, cacheFolder, makeTemporary, writeCacheFile } from "../../../vm/cache/cache.ts";
import { doctor } from "../../../vm/doctor.ts";
import { FIXTURES } from "../../fixtures.ts";
import { docteur, refused } from "../../scripts/docteur.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

/** Some other user. */
const OTHER = 65534;
/** Only root can give files to another user; `make systems` runs these tests as root. */
const asRoot = process.geteuid!() === 0 ? test : test.skip;

function laidOut(t: Parameters<typeof temporaryFolder>[0]): { base: string; cache: string } {
  const base = join(temporaryFolder(t), "base");
  mkdirSync(join(base, "docteur"), { recursive: true, mode: 0o755 });
  return { base, cache: join(base, "docteur") };
}

test("a folder that this user alone can write, or that does not exist, is safe", (t) => {
  const { base, cache } = laidOut(t);
  t.is(whyNotOwn(cache), undefined);
  t.is(whyNotOwn(join(base, "not/there")), undefined);
  symlinkSync("base/docteur", join(base, "../link"));
  t.is(whyNotOwn(join(base, "../link")), undefined);
  symlinkSync(join(base, "../nowhere"), join(base, "dangling"));
  t.is(whyNotOwn(join(base, "dangling")), undefined);
});

for (const mode of [0o775, 0o757, 0o777, 0o1777, 0o2775]) {
  const octal = mode.toString(8);
  test(`a cache of mode ${octal} is refused`, (t) => {
    const { cache } = laidOut(t);
    chmodSync(cache, mode);
    t.is(whyNotOwn(cache), `${cache} can be written by others (mode ${octal})`);
  });

  test(`a cache in a folder of mode ${octal} is ${mode === 0o1777 ? "safe" : "refused"}`, (t) => {
    const { base, cache } = laidOut(t);
    chmodSync(base, mode);
    const expected = mode === 0o1777 ? undefined : `${base} can be written by others (mode ${octal})`;
    t.is(whyNotOwn(cache), expected);
    t.is(whyNotOwn(join(base, "not/there")), expected);
  });

  test(`a link to a cache of mode ${octal}, or through its folder, is refused`, (t) => {
    const { base, cache } = laidOut(t);
    symlinkSync(join(base, "docteur"), join(base, "../link"));
    symlinkSync("base", join(base, "../links"));
    chmodSync(cache, mode);
    t.is(whyNotOwn(join(base, "../link")), `${cache} can be written by others (mode ${octal})`);
    t.is(whyNotOwn(join(base, "../links/docteur")), `${cache} can be written by others (mode ${octal})`);
  });
}

test("symbolic links in a circle are refused", (t) => {
  const { base } = laidOut(t);
  symlinkSync("b", join(base, "a"));
  symlinkSync("a", join(base, "b"));
  t.regex(whyNotOwn(join(base, "a"))!, /too many symbolic links$/);
});

asRoot("a path is refused when any part of it belongs to another user", (t) => {
  const { base, cache } = laidOut(t);
  chownSync(cache, OTHER, OTHER);
  t.is(whyNotOwn(cache), `${cache} belongs to another user (uid ${OTHER})`);
  chownSync(cache, 0, 0);
  chownSync(base, OTHER, OTHER);
  t.is(whyNotOwn(cache), `${base} belongs to another user (uid ${OTHER})`);
  t.is(whyNotOwn(join(base, "not/there")), `${base} belongs to another user (uid ${OTHER})`);
  chownSync(base, 0, 0);
  symlinkSync("docteur", join(base, "link"));
  lchownSync(join(base, "link"), OTHER, OTHER);
  t.is(whyNotOwn(join(base, "link")), `${join(base, "link")} is a link of another user's (uid ${OTHER})`);
});

asRoot("a folder of root is safe for another user, except for the cache itself", (t) => {
  const { base, cache } = laidOut(t);
  chmodSync(join(base, ".."), 0o755);
  const ask = () => {
    const module = JSON.stringify(join(import.meta.dirname, "../../../remote/cache/cache-owner.ts"));
    // The user may not be allowed to read the sources, so they are loaded before this becomes the user.
    const script = `import { whyNotOwn } from ${module}; process.seteuid(${OTHER}); console.log(whyNotOwn(${JSON.stringify(cache)}));`;
    return execFileSync(process.execPath, ["--input-type=module", "-e", script]).toString().trim();
  };
  t.is(ask(), `${cache} belongs to another user (uid 0)`);
  chownSync(cache, OTHER, OTHER);
  t.is(ask(), "undefined");
});

test.serial("an unsafe cache is neither read nor written", async (t) => {
  const { base, cache } = laidOut(t);
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = base;
  t.teardown(() => {
    process.env.XDG_CACHE_HOME = before;
  });
  mkdirSync(join(cache, "thing"));
  chmodSync(cache, 0o777);
  const unsafe = {
    code: "CACHE_UNSAFE",
    message: /^the cache is not used: .*docteur can be written by others.*; set XDG_/,
  };
  t.throws(() => cacheFolder(), unsafe);
  await t.throwsAsync(
    cached("thing", async () => {}),
    unsafe,
  );
  await t.throwsAsync(makeTemporary(), unsafe);
  await t.throwsAsync(writeCacheFile("file", ""), unsafe);
  t.deepEqual(readdirSync(cache), ["thing"]);
  const checks = await doctor();
  t.like(
    checks.find(({ name }) => name === "cache"),
    { ok: false, remedy: "set XDG_CACHE_HOME to a folder of your own" },
  );
  // Others could get in there, and to what is theirs.
  chmodSync(cache, 0o755);
  chmodSync(join(cache, "thing"), 0o777);
  t.throws(() => cacheFolder(), { code: "CACHE_UNSAFE", message: /thing can be written/ });
  chmodSync(join(cache, "thing"), 0o755);
  t.is(await cached("thing", async () => {}), join(cache, "thing"));
  t.is(statSync(cache).mode & 0o777, 0o700);
});

test("a run does not load compiled code from an unsafe cache, and says why in one line", async (t) => {
  const { base, cache } = laidOut(t);
  const image = join(FIXTURES, "small.img");
  const run = () => docteur(["run", "-t", "unix", image, "cat", "/a.txt"], { env: { XDG_CACHE_HOME: base } });
  // The first makes the folder private.
  for (let runs = 0; runs < 2; runs++) t.is((await run()).status, 0);
  t.true(existsSync(join(cache, "compile")));
  await rm(join(cache, "compile"), { recursive: true });
  cpSync(cache, join(base, "copy"), { recursive: true });
  chmodSync(cache, 0o777);
  refused(
    t,
    await run(),
    1,
    /^docteur: the cache is not used: .*\/docteur can be written by others \(mode 777\); set XDG_CACHE_HOME/,
  );
  t.deepEqual(readdirSync(cache).sort(), readdirSync(join(base, "copy")).sort());
  t.is((await docteur(["verify", "-q", image], { env: { XDG_CACHE_HOME: base } })).status, 0);
  t.false(existsSync(join(cache, "compile")));
});
