// Git detects, too. It hashes objects behind a header, for which no collision is public; but `rerere` hashes the
// two sides of a conflict as they are, each with a NUL behind it.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { SHA1DC } from "../../../../image-builder/verify/sha1dc/sha1dc.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { PAIRS } from "./collisions.ts";

/** Behind all that the messages begin with. */
const THEIRS = Buffer.from([0xff, 0x0a]);

/** What rerere hashes. */
const conflict = (ours: Buffer) => Buffer.concat([ours, Buffer.from([0]), THEIRS, Buffer.from([0])]);

/** Let git hash a conflict. @returns the hash, or git's complaint. */
function gitHash(t: ExecutionContext, ours: Buffer): string {
  const folder = temporaryFolder(t);
  const git = (args: readonly string[], input: Uint8Array | string = "") => {
    const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" };
    return spawnSync("git", args, { cwd: folder, env, input });
  };
  git(["init", "--quiet", "--object-format=sha1"]);
  git(["config", "rerere.enabled", "true"]);
  const ids = [Buffer.from("base\n"), ours, THEIRS].map((side) =>
    git(["hash-object", "-w", "--stdin"], side).stdout.toString().trim(),
  );
  git(["update-index", "--index-info"], ids.map((id, i) => `100644 ${id} ${i + 1}\tfile\n`).join(""));
  const sides = [Buffer.from("<<<<<<< ours\n"), ours, Buffer.from("=======\n"), THEIRS];
  writeFileSync(join(folder, "file"), Buffer.concat([...sides, Buffer.from(">>>>>>> theirs\n")]));
  const { status, stderr } = git(["rerere"]);
  if (status !== 0) return stderr.toString();
  const cache = join(folder, ".git/rr-cache");
  return existsSync(cache) ? readdirSync(cache).join() : "";
}

test("git detects what is detected here, and no more", (t) => {
  for (const { name, messages, lastBlock } of PAIRS) {
    for (const message of messages) {
      const whole = Buffer.concat([message, Buffer.from("\n")]);
      const sha1 = createHash("sha1").update(conflict(whole)).digest("hex");
      const detected = `SHA-1 appears to be part of a collision attack: ${sha1}`;
      t.is(gitHash(t, whole), `fatal: ${detected}\n`, name);
      t.throws(() => SHA1DC.createHash("sha1").update(conflict(whole)).digest(), { message: detected });

      const cut = Buffer.concat([message.subarray(0, lastBlock * 64), Buffer.from("\n")]);
      const id = gitHash(t, cut);
      t.is(id, createHash("sha1").update(conflict(cut)).digest("hex"), name);
      t.is(Buffer.from(SHA1DC.createHash("sha1").update(conflict(cut)).digest()).toString("hex"), id);
    }
  }
});

test("as objects git takes them", (t) => {
  for (const { messages } of PAIRS) {
    for (const message of messages) {
      const { stdout } = spawnSync("git", ["hash-object", "--stdin"], { input: message });
      const object = Buffer.concat([Buffer.from(`blob ${message.length}\0`), message]);
      const id = Buffer.from(SHA1DC.createHash("sha1").update(object).digest()).toString("hex");
      t.is(stdout.toString().trim(), id);
    }
  }
});
