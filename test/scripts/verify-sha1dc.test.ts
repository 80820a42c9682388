import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import { FIXTURES } from "../fixtures.ts";
import { PAIRS } from "../image-builder/verify/sha1dc/collisions.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command, docteur, refused } from "./docteur.ts";

/** See test/image-builder/verify/sha1dc/headless.ts. */
const HEADLESS = pathToFileURL(join(CHECKOUT, "test/image-builder/verify/sha1dc/use-headless.ts")).href;
const env = { NODE_OPTIONS: `--import=${HEADLESS}` };

const [attack] = PAIRS[0]!.messages;

/** An image with a file that is part of a collision. @param large whether it is verified by several threads. */
async function attacked(t: ExecutionContext, large: boolean): Promise<{ image: string; id: string }> {
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  const image = join(folder, "x.img");
  mkdirSync(site);
  writeFileSync(join(site, "attack"), attack);
  for (let i = 0; i < 20; i++) writeFileSync(join(site, `${i}`), randomBytes(large ? 250_000 : 25));
  const made = await docteur(["make", "-q", site, image]);
  t.is(made.status, 0, made.stderr);
  const { stdout } = await command("git", ["hash-object", "--stdin"], { input: attack });
  return { image, id: stdout.toString().trim() };
}

for (const large of [false, true]) {
  test(`verify --sha1dc names the object, ${large ? "in threads" : "in one thread"}`, async (t) => {
    const { image, id } = await attacked(t, large);
    const plain = await docteur(["verify", image], { env });
    t.is(plain.status, 0, plain.stderr);
    const found = await docteur(["verify", "--sha1dc", image], { env });
    refused(
      t,
      found,
      1,
      new RegExp(
        `x\\.img: invalid image: SHA-1 appears to be part of a collision attack: another content may have the same id \\(object ${id} at byte \\d+\\)\n$`,
      ),
    );
    const json = await docteur(["verify", "--sha1dc", "--json", "--keep-going", "-q", image], { env });
    const { error, damages } = JSON.parse(json.stdout.toString());
    t.like(error, { code: "INVALID_IMAGE", fault: "sha1-collision", object: id });
    t.is(damages.length, 1);
    t.like(damages[0], { fault: "sha1-collision", object: id, offset: error.offset });
    // As a git object it collides with nothing.
    const ordinary = await docteur(["verify", "--sha1dc", image]);
    t.deepEqual([ordinary.status, ordinary.stdout], [0, plain.stdout], ordinary.stderr);
  });
}

test("verify --sha1dc prints what verify prints, of images of either hash", async (t) => {
  const folder = temporaryFolder(t);
  const site = join(folder, "site");
  const sha256 = join(folder, "sha256.img");
  mkdirSync(site);
  writeFileSync(join(site, "attack"), attack);
  const made = await docteur(["make", "-q", "--object-format", "sha256", site, sha256]);
  t.is(made.status, 0, made.stderr);
  for (const image of [join(FIXTURES, "git.img"), join(FIXTURES, "similar.img"), sha256]) {
    const [plain, detecting] = await Promise.all(
      [[], ["--sha1dc"]].map((options) => docteur(["verify", "-v", ...options, image])),
    );
    t.deepEqual(detecting, plain);
    t.is(detecting!.status, 0);
  }
});
