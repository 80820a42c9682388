import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import test from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { ownOutput } from "../../../vm/session/own-output.ts";
import { CHECKOUT, command, docteur } from "../../scripts/docteur.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { descendants, isAlive, SMALL, SMALL_FILES } from "../fixture.ts";

const DOCTEUR = join(CHECKOUT, "scripts/docteur");
const README = SMALL_FILES.get("/README.md")!;

/** Larger than what a pipe holds, and than a frame. */
const CONTENT = randomBytes(3_000_000);

async function bigImage(folder: string): Promise<string> {
  mkdirSync(join(folder, "files"));
  writeFileSync(join(folder, "files", "big"), CONTENT);
  const image = join(folder, "big.img");
  await makeImage({ repository: join(folder, "files"), image });
  return image;
}

/** The guest's process, once it has written a file. */
async function guestOf(child: ChildProcess, hasAnswered: Promise<unknown>): Promise<number> {
  child.stdin!.write("/README.md\n");
  await hasAnswered;
  return descendants(child.pid!)[0]!.pid;
}

test("only standard output and standard error of this process are its own, and no terminal", (t) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  t.deepEqual(ownOutput({ stdout, stderr }), { stdout: undefined, stderr: undefined });
  const script = `
    import { ownOutput } from "./vm/session/own-output.ts";
    const { stdout, stderr } = process;
    const own = JSON.stringify(ownOutput({ stdout, stderr }));
    await import("node:fs").then((fs) => fs.writeFileSync(process.argv[1], own));`;
  const result = join(temporaryFolder(t), "result");
  const line = `"${process.execPath}" --input-type=module -e '${script}' "${result}"`;
  const run = async (redirected: string) => {
    await command("sh", ["-c", redirected], { cwd: CHECKOUT });
    return JSON.parse(readFileSync(result, "utf8"));
  };
  return (async () => {
    t.deepEqual(await run(`${line} | cat`), { stdout: 1, stderr: 2 });
    t.deepEqual(await run(`${line} >/dev/null 2>&1`), { stdout: 1, stderr: 2 });
    t.deepEqual(await run(`script -qec '${line.replaceAll("'", `'\\''`)} 2>/dev/null' /dev/null`), {
      stderr: 2,
    });
  })();
});

test.serial("the guest writes to a file by itself, where it ends, and the errors in between", async (t) => {
  const folder = temporaryFolder(t);
  const image = await bigImage(folder);
  const file = join(folder, "out");
  writeFileSync(file, "before\n");
  const script = `"$0" run -t unix "$1" cat /big /nope /big >>"$2" 2>&1; echo "status $?" >>"$2"`;
  await command("bash", ["-c", script, DOCTEUR, image, file]);
  const text = (content: string) => Buffer.from(content);
  const [error, end] = [text("cat: /nope: not found\n"), text("status 1\n")];
  t.true(readFileSync(file).equals(Buffer.concat([text("before\n"), CONTENT, error, CONTENT, end])));

  const stdout = openSync(join(folder, "own"), "w");
  const child = spawn(DOCTEUR, ["run", "-t", "unix", SMALL, "cat", "--files-from", "-"], {
    stdio: ["pipe", stdout, "ignore"],
  });
  const answered = (async () => {
    while (!readFileSync(join(folder, "own")).equals(README))
      await new Promise((done) => setTimeout(done, 20));
  })();
  const guest = await guestOf(child, answered);
  t.is(readlinkSync(`/proc/${guest}/fd/7`), join(folder, "own"));
  child.stdin!.end();
  t.deepEqual(await once(child, "exit"), [0, null]);
});

test.serial("a slow reader of a pipe or of a socket gets every byte", async (t) => {
  const image = await bigImage(temporaryFolder(t));
  const script = `"$0" run -t unix "$1" cat /big | { sleep 1; cat; } | sha1sum`;
  const { stdout } = await command("bash", ["-c", script, DOCTEUR, image]);
  t.is(stdout.toString().split(" ")[0], createHash("sha1").update(CONTENT).digest("hex"));

  const child = spawn(DOCTEUR, ["run", "-t", "unix", image, "cat", "/big"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pieces: Buffer[] = [];
  for await (const piece of child.stdout) {
    pieces.push(piece);
    await new Promise((done) => setTimeout(done, 2));
  }
  t.true(Buffer.concat(pieces).equals(CONTENT));
});

test.serial("an output that takes no more ends the run, with the reason", async (t) => {
  const image = await bigImage(temporaryFolder(t));
  const script = `"$0" run -t unix "$1" cat /big /big >/dev/full; echo "$?"`;
  const full = await command("bash", ["-c", script, DOCTEUR, image]);
  t.is(full.stdout.toString(), "1\n");
  t.regex(full.stderr, /^docteur: standard output cannot be written: ENOSPC[^\n]*\n$/);

  const closed = `"$0" run -t unix "$1" cat /big /big /big | head -c 100000 | wc -c; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await command("bash", ["-c", closed, DOCTEUR, image]);
  t.is(stdout.toString(), "100000\n141\n");
  t.is(stderr, "");
});

test.serial("a signal ends a run that nobody reads, and leaves no process", async (t) => {
  const image = await bigImage(temporaryFolder(t));
  const child = spawn(DOCTEUR, ["run", "-t", "unix", image, "cat", "/big"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "readable");
  const [guest] = descendants(child.pid!);
  child.kill("SIGINT");
  t.deepEqual(await once(child, "exit"), [130, null]);
  t.false(isAlive(guest!.pid));
});

test.serial("what a program of the user's own writes keeps its order beside its errors", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(
    join(folder, "program.ts"),
    `export default ({ console: output }: { console: { write(text: string): void } }) => {
      for (let i = 0; i < 3; i++) { console.log("out", i); console.error("err", i); output.write("write\\n"); }
    };`,
  );
  const script = `"$0" run -t unix --no-check "$1" ./program.ts 2>&1 | cat`;
  const { stdout } = await command("bash", ["-c", script, DOCTEUR, SMALL], { cwd: folder });
  t.is(stdout.toString(), [0, 1, 2].map((i) => `out ${i}\nerr ${i}\nwrite\n`).join(""));
  t.is(
    (await docteur(["run", "-t", "unix", SMALL, "cat", "/README.md"])).stdout.toString(),
    README.toString(),
  );
});
