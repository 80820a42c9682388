import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FIXTURES } from "../fixtures.ts";
import { answerRange, startServer } from "../remote/http/server.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { makeVersions } from "../vm/serving/versions.ts";
import { docteur } from "./docteur.ts";

const SMALL = join(FIXTURES, "small.img");
const SMALL_FILE = "/README.md";

test("what a program finds damaged is fetched anew by the next run, and no more than once", async (t) => {
  const [large] = await makeVersions(temporaryFolder(t), 1);
  const images = [
    // All of it, the commit too, comes with the opening.
    { path: SMALL, file: SMALL_FILE, from: 40, to: 4096 },
    // In the middle of the large file.
    { path: large!.image, file: "/big.bin", from: 1_000_000, to: 1_000_001 },
  ];
  for (const { path, file, from, to } of images) {
    const content = readFileSync(path);
    const wrong = Buffer.from(content);
    for (let at = from; at < to; at++) wrong[at]! ^= 1;
    let isWrong = true;
    const asked: string[] = [];
    const server = await startServer(t, (request, response) => {
      asked.push(request.headers["if-none-match"] === undefined ? request.headers.range! : "condition");
      if (request.headers["if-none-match"] === '"one"') response.writeHead(304).end();
      else answerRange(request, response, { content: isWrong ? wrong : content });
    });
    const env = { XDG_CACHE_HOME: temporaryFolder(t) };
    const run = () => docteur(["run", "-t", "unix", `${server.origin}/disk.img`, "cat", file], { env });
    const expected = (await docteur(["run", "-t", "unix", path, "cat", file])).stdout;
    const dropped = /^cat: invalid image: [^\n]+\ndocteur: http:[^\n]+ is dropped: run it again[^\n]+\n$/;
    // As long as the server sends it wrong, each run finds that out by itself.
    for (let times = 0; times < 2; times++) {
      asked.length = 0;
      const first = await run();
      t.is(first.status, 1);
      t.regex(first.stderr, dropped);
      t.is(asked[0], "bytes=0-65535");
    }
    isWrong = false;
    asked.length = 0;
    const second = await run();
    t.is(second.status, 0, second.stderr);
    t.true(second.stdout.equals(expected));
    t.is(asked[0], "bytes=0-65535");
    // From now on it is kept.
    asked.length = 0;
    const third = await run();
    t.is(third.status, 0, third.stderr);
    t.true(third.stdout.equals(expected));
    t.deepEqual(asked, ["condition"]);
  }
});
