import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test from "ava";
import { makeImage, type Progress, resolveSource, verifyImage } from "../../image-builder/index.ts";
import { HASH_ALGORITHMS } from "../../reader/git/object-format.ts";
import { commandLines } from "../command-lines.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { failsWith } from "./failure.ts";
import { openImage, reachedObjects } from "./opened-image.ts";
import { git, sampleRepository } from "./sandbox.ts";
import { dumbServer, gitDaemon, httpServer, silentServer } from "./servers.ts";
import { useSsh } from "./sshd.ts";

test.before(useSsh);

for (const format of HASH_ALGORITHMS) {
  test(`every form of a revision is fetched over git://, at depth 1 (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { first, second, other } = sampleRepository(source, format);
    git(source, ["tag", "--annotate", "--message", "m", "v1", other]);
    const url = `${await gitDaemon(t, folder)}/source/.git`;
    const image = join(folder, "x.img");
    for (const [ref, commit] of [
      [undefined, second],
      ["main", second],
      ["refs/heads/other", other],
      ["v1", other],
      ["refs/tags/v1", other],
      [first, first],
      [other.slice(0, -1), other],
      [other.slice(0, 40), other],
      [second.slice(0, 12), second],
    ] as const) {
      const made = await makeImage({ repository: url, image, ref });
      t.like(made, { commit, source: "repository", notes: [] }, ref);
      t.deepEqual(openImage(t, image).objects, reachedObjects(source, commit), ref);
    }
    t.like(await verifyImage(image), { commit: second, unreachable: 0 });
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`a missing repository or revision fails the fetch over git:// (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { first, other } = sampleRepository(source, format);
    t.not(first, other);
    git(source, ["tag", "other", first]);
    git(source, ["tag", "a-tree", "HEAD^{tree}"]);
    git(folder, ["init", "--quiet", "--bare", `--object-format=${format}`, "empty"]);
    const base = await gitDaemon(t, folder);
    const image = join(folder, "x.img");
    const make = (path: string, ref?: string) => () =>
      makeImage({ repository: `${base}/${path}`, image, ref });
    await failsWith(
      t,
      "REF_NOT_FOUND",
      make("source", "nope"),
      /no branch.* nope; it has the branches main, other and/,
    );
    await failsWith(t, "REF_NOT_FOUND", make("source", "abcdef0"), /give the full id/);
    await failsWith(t, "REF_NOT_FOUND", make("source", "0".repeat(first.length)), /has no commit 0{40}/);
    await failsWith(t, "REF_AMBIGUOUS", make("source", "other"), /refs\/tags\/other/);
    await failsWith(t, "NOT_A_COMMIT", make("source", "a-tree"), /a-tree in git:.* is a tree/);
    await failsWith(t, "EMPTY_REPOSITORY", make("empty"), /no commit yet/);
    const lengths = new RegExp(`0{40}.*; its ids have ${first.length} digits`);
    await failsWith(t, "REF_NOT_FOUND", make("source", "0".repeat(104 - first.length)), lengths);
    await failsWith(t, "REF_NOT_FOUND", make("source", `${first}0`), /digits$/);
    await failsWith(
      t,
      "FETCH_FAILED",
      make("nowhere"),
      /^cannot fetch from git:\/\/127.0.0.1:\d+\/nowhere: /,
    );
    t.deepEqual(readdirSync(folder).sort(), ["empty", "source"]);
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`a server of plain files, which cannot shorten histories, is fetched from (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const { second } = sampleRepository(join(folder, "source"), format);
    git(folder, ["clone", "--quiet", "--bare", "source", "bare.git"]);
    git(join(folder, "bare.git"), ["update-server-info"]);
    const image = join(folder, "x.img");
    const made = await makeImage({ repository: `${await dumbServer(t, folder)}/bare.git`, image });
    t.is(made.commit, second);
    t.deepEqual(openImage(t, image).objects, reachedObjects(join(folder, "source"), second));
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`a server that lists no refs may have a commit by its id, of its object format (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const { first } = sampleRepository(join(folder, "source"), format);
    git(folder, ["clone", "--quiet", "--bare", "source", "bare.git"]);
    mkdirSync(join(folder, "bare.git/info"), { recursive: true });
    writeFileSync(join(folder, "bare.git/info/refs"), "");
    const repository = `${await dumbServer(t, folder)}/bare.git`;
    const image = join(folder, "x.img");
    const requested = { repository, image, ref: first };
    t.is((await makeImage({ ...requested, objectFormat: format })).hash, format);
    const objectFormat = format === "sha1" ? "sha256" : "sha1";
    await failsWith(t, "OBJECT_FORMAT", () => makeImage({ ...requested, objectFormat }), /leave out/);
  });
}

for (const format of HASH_ALGORITHMS) {
  test(`an id names its commit, whatever refs are called so (${format})`, async (t) => {
    const folder = temporaryFolder(t);
    const source = join(folder, "source");
    const { first, second, other } = sampleRepository(source, format);
    for (const kind of ["heads", "tags"]) git(source, ["update-ref", `refs/${kind}/${first}`, other]);
    git(source, ["update-ref", `refs/heads/${"e".repeat(first.length)}`, second]);
    git(folder, ["clone", "--quiet", "--mirror", "source", "bare.git"]);
    git(join(folder, "bare.git"), ["update-server-info"]);
    git(source, ["bundle", "create", "--quiet", join(folder, "x.bundle"), "--all"]);
    const image = join(folder, "x.img");
    for (const repository of [
      source,
      join(folder, "x.bundle"),
      `${await gitDaemon(t, folder)}/source/.git`,
      `${await dumbServer(t, folder)}/bare.git`,
    ]) {
      t.is((await makeImage({ repository, image, ref: first })).commit, first, repository);
      t.is(await resolveSource({ repository, ref: first.toUpperCase() }), first, repository);
      t.is((await makeImage({ repository, image, ref: `refs/heads/${first}` })).commit, other, repository);
      const missing = () => makeImage({ repository, image, ref: "e".repeat(first.length) });
      await t.throwsAsync(missing, { message: /e{40}/ }, repository);
    }
  });
}

test.serial("a password reaches its server, and nobody and nothing else", async (t) => {
  const folder = temporaryFolder(t);
  const password = "p@ss/wörd %25'\"$HOME";
  const elsewhere: (string | undefined)[] = [];
  const other = await httpServer(t, (request, response) => {
    elsewhere.push(request.headers.authorization);
    response.writeHead(401, { "www-authenticate": 'Basic realm="other"' }).end();
  });
  const given: (string | undefined)[] = [];
  let seen = "";
  const url = await httpServer(t, (request, response) => {
    given.push(request.headers.authorization);
    seen += commandLines();
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
    } else if (request.url!.startsWith("/moved")) {
      response.writeHead(302, { location: `${other}/x/info/refs?service=git-upload-pack` }).end();
    } else {
      response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
    }
  });
  // A helper of the user's that keeps what it is told must not be told.
  const kept = join(folder, "kept");
  const before = { ...process.env };
  Object.assign(process.env, {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "credential.helper",
    GIT_CONFIG_VALUE_0: `store --file='${kept}'`,
    GIT_ASKPASS: "/bin/false",
  });
  t.teardown(() => {
    process.env = before;
  });
  for (const path of ["/repository", "/moved"]) {
    const repository = `${url.replace("://", `://ada:${encodeURIComponent(password)}@`)}${path}`;
    const error = await failsWith(t, "FETCH_FAILED", () =>
      makeImage({ repository, image: join(folder, "x.img") }),
    );
    const shown = `${error.message}${error.stack}${error.cause}`;
    t.true(error.message.includes(`http://***@127.0.0.1`), error.message);
    for (const secret of [password, encodeURIComponent(password)]) {
      t.false(shown.includes(secret));
      t.false(seen.includes(secret));
    }
  }
  const basic = `Basic ${Buffer.from(`ada:${password}`).toString("base64")}`;
  t.true(seen.includes(`ls-remote`));
  t.true(given.includes(basic));
  t.true(elsewhere.length > 0);
  t.true(elsewhere.every((header) => header === undefined));
  t.deepEqual(readdirSync(folder), []);
});

test.serial("the error on a machine without ssh says so", async (t) => {
  const before = process.env.GIT_SSH_COMMAND;
  t.teardown(() => {
    process.env.GIT_SSH_COMMAND = before;
  });
  process.env.GIT_SSH_COMMAND = "/nowhere/ssh -o BatchMode=yes";
  await failsWith(
    t,
    "SSH_MISSING",
    () => makeImage({ repository: "ssh://127.0.0.1:1/x", image: join(temporaryFolder(t), "x.img") }),
    /^ssh:\/\/127\.0\.0\.1:1\/x needs ssh, .* apt install openssh-client$/,
  );
});

test("a port where nobody listens fails the fetch", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "x.img");
  for (const url of ["http://ada:secret@127.0.0.1:1/x", "git://127.0.0.1:1/x", "ssh://127.0.0.1:1/x"]) {
    const error = await failsWith(
      t,
      "FETCH_FAILED",
      () => makeImage({ repository: url, image }),
      /127\.0\.0\.1/,
    );
    t.notRegex(error.message, /secret|fatal:/);
  }
  t.deepEqual(readdirSync(folder), []);
});

test("an abort ends the fetch from a server that sends nothing", async (t) => {
  const folder = temporaryFolder(t);
  const address = await silentServer(t);
  const controller = new AbortController();
  const reason = new Error("enough");
  const repository = `git://${address}/x`;
  const made = makeImage({ repository, image: join(folder, "x.img"), signal: controller.signal });
  await setTimeout(300);
  controller.abort(reason);
  t.is(await t.throwsAsync(made), reason);
  t.deepEqual(readdirSync(folder), []);
  t.false(commandLines().includes(address));
});

test("progress has phases, each to its end", async (t) => {
  const folder = temporaryFolder(t);
  sampleRepository(join(folder, "source"));
  const events: Progress[] = [];
  const repository = `${await gitDaemon(t, folder)}/source/.git`;
  await makeImage({ repository, image: join(folder, "x.img"), onProgress: (event) => events.push(event) });
  const phases = new Set(events.map(({ phase }) => phase));
  // Whether there is anything to look for deltas in is git's affair.
  phases.delete("compress");
  t.deepEqual([...phases], ["fetch", "count", "pack", "write"]);
  for (const phase of ["fetch", "pack", "write"] as const) {
    const last = events.findLast((event) => event.phase === phase)!;
    t.true(last.done === last.total, phase);
  }
});
