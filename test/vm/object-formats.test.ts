import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { HASH_ALGORITHMS, HASH_NAMES } from "../../reader/git/object-format.ts";
import { type RunOptions, runInVm, runOnHost } from "../../vm/commands.ts";
import { bothFormats, type MadeImage } from "../both-formats.ts";
import { withoutFirstRunNotes } from "../first-run.ts";
import { git } from "../scripts/docteur.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector } from "./fixture.ts";

const both = bothFormats(test);

async function run(target: typeof runOnHost, made: MadeImage, options: Partial<RunOptions>) {
  const [stdout, stderr] = [new Collector(), new Collector()];
  const common = { image: made.image, program: "cat", args: [], bootTimeout: 600, stdout, stderr };
  const status = await target({ ...common, ...options });
  return { status, stdout: stdout.bytes, stderr: withoutFirstRunNotes(stderr.text) };
}

/** What git lists of the commit, as `ls -lR` does without its folders. */
async function listed({ repository }: MadeImage): Promise<{ lines: string[]; files: string[] }> {
  const text = (await git(repository, "ls-tree", "-r", "-l", "-z", "HEAD")).toString();
  const lines = text.split("\0").slice(0, -1);
  const files = lines.filter((line) => /^100/.test(line)).map((line) => line.slice(line.indexOf("\t") + 1));
  return { lines, files };
}

async function contents({ repository }: MadeImage, paths: readonly string[]): Promise<Buffer> {
  return Buffer.concat(await Promise.all(paths.map((path) => git(repository, "show", `HEAD:${path}`))));
}

/** A program of a user's own. The type of `hash` is checked before it runs. */
const PROGRAM = `
import type { Unikernel } from "docteur/guest";
import { connect, openFileDevice } from "docteur/store";

export default (async ({ store, fs, connect: again, console, args: [image] }) => {
  const hash: "sha1" | "sha256" = store.hash;
  const own = connect(openFileDevice(image ?? "/dev/vdb"), { layout: "fast" });
  const values: string[] = [];
  for await (const { value } of store.getAll(["README.md", "docs/index.html", "story-2.txt"])) {
    values.push(value instanceof Error ? value.message : Buffer.from(value).toString("latin1").slice(-8));
  }
  console.write(JSON.stringify([
    hash, store.id, again({ commit: store.id, analyze: true }).digest("story-2.txt"), own.digest("story-2.txt"),
    fs.readFileSync("/README.md", "utf8"), values,
  ]));
}) satisfies Unikernel;
`;

async function checkOwnProgram(t: ExecutionContext, made: MadeImage, target: typeof runOnHost) {
  const program = join(temporaryFolder(t), "own.ts");
  writeFileSync(program, PROGRAM);
  const args = target === runOnHost ? [made.image] : [];
  const { status, stdout, stderr } = await run(target, made, { program, args });
  t.deepEqual([status, stderr], [0, ""]);
  const id = (await git(made.repository, "rev-parse", "HEAD:story-2.txt")).toString().trim();
  const values = ["# Both\n", "/title>\n", "he end.\n"];
  t.deepEqual(JSON.parse(stdout.toString()), [made.hash, made.commit, id, id, "# Both\n", values]);
}

for (const hash of HASH_ALGORITHMS) {
  test.serial(
    `ls, stat and cat agree with git in every layout, with and without the IDX (${hash})`,
    async (t) => {
      const made = both[hash];
      const { lines, files } = await listed(made);
      const all = await contents(made, files);
      const id = (await git(made.repository, "rev-parse", "HEAD:latest")).toString().trim();
      for (const layout of ["frozen", "light", "fast"]) {
        for (const analyze of [false, true]) {
          const how = { layout, analyze, commit: made.commit };
          const ls = await run(runOnHost, made, { program: "ls", args: ["-l", "-R"], ...how });
          const shown = ls.stdout.toString().split("\n").slice(0, -1);
          t.deepEqual(
            shown.filter((line) => !/^040000 /.test(line)),
            lines,
            JSON.stringify(how),
          );
          const stdin = Readable.from([Buffer.from(files.map((path) => `${path}\0`).join(""))]);
          const cat = await run(runOnHost, made, { args: ["-z", "--files-from", "-"], stdin, ...how });
          t.deepEqual([cat.status, cat.stderr], [0, ""]);
          t.true(cat.stdout.equals(all), JSON.stringify(how));
          const stat = await run(runOnHost, made, { program: "stat", args: ["/latest"], ...how });
          t.is(/^object\t: (.*)$/m.exec(stat.stdout.toString())?.[1], id);
        }
      }
    },
  );

  test.serial(
    `a program of one's own reads the hash function and the same bytes on the host (${hash})`,
    (t) => checkOwnProgram(t, both[hash], runOnHost),
  );

  test.serial(`a machine of the one template serves an image of either format (${hash})`, async (t) => {
    const made = both[hash];
    const { lines, files } = await listed(made);
    const ls = await run(runInVm, made, { program: "ls", args: ["-l", "-R"], commit: made.commit });
    t.deepEqual([ls.status, ls.stderr], [0, ""]);
    const shown = ls.stdout.toString().split("\n").slice(0, -1);
    t.deepEqual(
      shown.filter((line) => !/^040000 /.test(line)),
      lines,
    );
    const stdin = Readable.from([Buffer.from(files.map((path) => `${path}\0`).join(""))]);
    const cat = await run(runInVm, made, { args: ["-z", "--files-from", "-"], stdin, verbose: true });
    t.is(cat.status, 0);
    t.regex(cat.stderr, /^docteur: started from a template$/m);
    t.true(cat.stdout.equals(await contents(made, files)));
    await checkOwnProgram(t, made, runInVm);
    const refused = await run(runInVm, made, { args: ["/README.md"], commit: made.otherId });
    t.deepEqual([refused.status, refused.stdout.length], [1, 0]);
    t.regex(
      refused.stderr,
      new RegExp(`^cat: invalid image: it is of commit ${made.commit}, not of 0+ [^\n]*\n$`),
    );
  });
}

test.serial(
  "a pinned commit of the right length alone is not enough, and its letters may be capitals",
  async (t) => {
    const { sha1, sha256 } = both;
    for (const [made, other] of [
      [sha1, sha256],
      [sha256, sha1],
    ] as const) {
      const pinned = (commit: string) => run(runOnHost, made, { args: ["/README.md"], commit });
      for (const id of [made.commit, made.commit.toUpperCase()]) t.is((await pinned(id)).status, 0);
      const wrong = await pinned(made.otherId);
      t.deepEqual([wrong.status, wrong.stdout.length], [1, 0]);
      t.is(
        wrong.stderr,
        `cat: invalid image: it is of commit ${made.commit}, not of ${made.otherId} (at byte 0)\n`,
      );
      const [own, foreign] = [HASH_NAMES[made.hash], HASH_NAMES[other.hash]];
      const beginning = `${made.commit}${"0".repeat(64)}`.slice(0, other.commit.length);
      for (const id of [other.commit, beginning]) {
        const result = await pinned(id);
        t.deepEqual([result.status, result.stdout.length], [1, 0]);
        t.is(
          result.stderr,
          `cat: invalid image: it is of commit ${made.commit} (${own}), not of ${id} (${foreign}) (at byte 0)\n`,
        );
      }
      for (const id of [made.commit.slice(1), `${made.commit}0`, made.commit.replace(/.$/, "g"), "main"]) {
        await t.throwsAsync(pinned(id), {
          code: "COMMIT_MALFORMED",
          message: /40 hexadecimal digits, or 64 /,
        });
      }
    }
  },
);
