import { copyFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { HASH_ALGORITHMS, HASH_NAMES } from "../../reader/git/object-format.ts";
import { FIRST_ENTRY } from "../../reader/pack/format.ts";
import { readImageHeader } from "../../vm/commands.ts";
import { bothFormats } from "../both-formats.ts";
import { get } from "../guest/http/served.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { startSite } from "../vm/serving/site.ts";
import { CHECKOUT, command, docteur, git, refused } from "./docteur.ts";

const both = bothFormats(test);

const ID = { sha1: /^[0-9a-f]{40}$/, sha256: /^[0-9a-f]{64}$/ };

for (const hash of HASH_ALGORITHMS) {
  test(`make and verify name the hash function and the ids of git (${hash})`, async (t) => {
    const { repository, image, commit } = both[hash];
    const made = await docteur(["make", "--json", repository, join(temporaryFolder(t), "disk.img")]);
    t.is(made.status, 0, made.stderr);
    const { hash: madeBy, commit: madeOf } = JSON.parse(made.stdout.toString());
    t.deepEqual([madeBy, madeOf], [hash, commit]);
    t.regex(commit, ID[hash]);
    const root = (await git(repository, "rev-parse", "HEAD^{tree}")).toString().trim();
    const verified = await docteur(["verify", "-v", image]);
    t.is(
      verified.stdout.toString(),
      `commit	: ${commit}\nauthor	: "Ada Lovelace" <ada@example.com>\nroot	: ${root}\n\nBoth\n\n`,
    );
    const named = hash === "sha1" ? "" : ", named by SHA-256";
    t.true(verified.stderr.startsWith(`docteur: 1 commit, 5 trees, 312 blobs${named}; 0 not reached`));
    const json = JSON.parse((await docteur(["verify", "--json", image])).stdout.toString());
    t.deepEqual([json.hash, json.commit, json.root], [hash, commit, root]);
  });

  test(`verify names a damaged object by its whole id (${hash})`, async (t) => {
    const { image, commit } = both[hash];
    const bytes = readFileSync(image);
    // The commit's entry is the first: two bytes of header, then the zlib stream.
    bytes[readImageHeader(image).packStart + FIRST_ENTRY + 2 + 20]! ^= 0xff;
    const damaged = join(temporaryFolder(t), "damaged.img");
    writeFileSync(damaged, bytes);
    const { stdout, status } = await docteur(["verify", "--json", "--keep-going", damaged]);
    t.is(status, 1);
    const { damages } = JSON.parse(stdout.toString());
    const objects = damages.map(({ object }: { object: string }) => object);
    t.deepEqual(objects, [commit]);
  });

  test(`the image of make run is made again only for another commit (${hash})`, async (t) => {
    const folder = temporaryFolder(t);
    const repository = join(folder, "repository");
    await git(folder, "clone", "--quiet", both[hash].repository, repository);
    const image = join(folder, "disk.img");
    const env = { DOCTEUR_IMAGE: image, DOCTEUR_REPO: repository };
    const ensure = async () => {
      const before = existsSync(image) ? statSync(image).ino : undefined;
      const { status, stderr } = await command(join(CHECKOUT, "scripts/image"), ["--if-changed"], { env });
      t.is(status, 0, stderr);
      return [readImageHeader(image).commit, statSync(image).ino !== before];
    };
    t.deepEqual(await ensure(), [both[hash].commit, true]);
    t.deepEqual(await ensure(), [both[hash].commit, false]);
    await git(repository, "commit", "--quiet", "--allow-empty", "--message", "Next");
    const next = (await git(repository, "rev-parse", "HEAD")).toString().trim();
    t.deepEqual(await ensure(), [next, true]);
    t.deepEqual(await ensure(), [next, false]);
    writeFileSync(image, "no image");
    t.deepEqual((await ensure())[0], next);
  });
}

test("run --commit says in one line what is wrong with an id", async (t) => {
  const { sha1, sha256 } = both;
  const pinned = (image: string, id: string) =>
    docteur(["run", "-t", "unix", "--commit", id, image, "cat", "/README.md"]);
  for (const [made, other] of [
    [sha1, sha256],
    [sha256, sha1],
  ] as const) {
    t.is((await pinned(made.image, made.commit)).stdout.toString(), "# Both\n");
    const result = await pinned(made.image, other.commit);
    t.deepEqual([result.status, result.stdout.toString()], [1, ""]);
    t.regex(result.stderr, /^cat: invalid image: it is of commit [^\n]+\n$/);
    for (const { commit, hash } of [made, other]) {
      t.true(result.stderr.includes(`${commit} (${HASH_NAMES[hash]})`), result.stderr);
    }
    const short = made.commit.slice(1);
    const malformed = await pinned(made.image, short);
    refused(
      t,
      malformed,
      1,
      new RegExp(`^docteur: ${short}: not the id of a commit, which has 40 .* 64 in a`),
    );
  }
});

/** What `--admin` answers at a Unix socket. */
async function metricsAt(socketPath: string): Promise<string> {
  const asked = request({ socketPath, path: "/metrics", agent: false }).end();
  return new Promise((resolve, reject) => {
    asked.on("response", (response) => resolve(text(response)));
    asked.on("error", reject);
  });
}

function replaceBy(file: string, image: string): void {
  copyFileSync(file, `${image}.new`);
  renameSync(`${image}.new`, image);
}

async function servesAt(t: ExecutionContext, port: number, { commit }: { readonly commit: string }) {
  const page = await get(port, "/.docteur/");
  t.true(page.body.includes(commit), commit);
}

test("a site changes between images of either format without a restart", async (t) => {
  const { sha1, sha256 } = both;
  const folder = temporaryFolder(t);
  const [image, admin] = [join(folder, "site.img"), join(folder, "admin")];
  copyFileSync(sha1.image, image);
  const site = await startSite(t, ["-t", "unix", "--watch", "--admin", `unix:${admin}`, image]);
  await servesAt(t, site.port, sha1);
  let tag: string | undefined;
  for (const [count, made] of [sha256, sha1, sha256].entries()) {
    replaceBy(made.image, image);
    await site.line(new RegExp(`: serving commit ${made.commit}$`), count === 2 ? 2 : 1);
    await servesAt(t, site.port, made);
    t.true((await metricsAt(admin)).includes(`docteur_image_info{commit="${made.commit}"} 1\n`));
    // A client that has the file of the other image asks for it by its tag there.
    const { status, headers } = await get(site.port, "/README.md", { "if-none-match": tag ?? '"none"' });
    t.is(status, 200);
    t.is(headers.etag!.length, made.commit.length + 2);
    tag = headers.etag;
    t.is((await get(site.port, "/README.md", { "if-none-match": tag! })).status, 304);
  }
  t.is(await site.end(), 143);
});

test("a site with a pinned commit refuses an image of the other format", async (t) => {
  const { sha1, sha256 } = both;
  const image = join(temporaryFolder(t), "site.img");
  copyFileSync(sha256.image, image);
  const site = await startSite(t, ["-t", "unix", "--watch", "--commit", sha256.commit, image]);
  replaceBy(sha1.image, image);
  const line = await site.line(/is not updated: /);
  t.true(line.includes(`it is of commit ${sha1.commit} (SHA-1), not of ${sha256.commit} (SHA-256)`), line);
  await servesAt(t, site.port, sha256);
  t.is(await site.end(), 143);
  const options = ["-t", "unix", "-p", "0:80", "--commit", sha256.commit];
  const result = await docteur(["run", ...options, sha1.image, "serve"]);
  refused(t, result, 1, new RegExp(`it is of commit ${sha1.commit} \\(SHA-1\\), not of `));
});

test("--follow serves the commits of a SHA-256 repository, after an image of a SHA-1 one", async (t) => {
  const folder = temporaryFolder(t);
  const [repository, image] = [join(folder, "repository"), join(folder, "site.img")];
  await git(folder, "clone", "--quiet", both.sha256.repository, repository);
  copyFileSync(both.sha1.image, image);
  const follow = ["--follow", repository, "-b", "main", "--every", "1", "--no-deltas"];
  const site = await startSite(t, ["-t", "unix", ...follow, image]);
  await site.line(new RegExp(`: serving commit ${both.sha256.commit}$`));
  writeFileSync(join(repository, "README.md"), "# Next\n");
  await git(repository, "commit", "--quiet", "--all", "--message", "Next");
  const next = (await git(repository, "rev-parse", "HEAD")).toString().trim();
  await site.line(new RegExp(`: serving commit ${next}$`));
  t.is((await get(site.port, "/README.md")).body.toString(), "# Next\n");
  t.deepEqual([readImageHeader(image).hash, readImageHeader(image).commit], ["sha256", next]);
  t.is(await site.end(), 143);
});
