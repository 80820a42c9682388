import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import test from "ava";
import { makeImage } from "../../../image-builder/index.ts";
import { readImageHeader } from "../../../vm/commands.ts";
import { get } from "../../guest/http/served.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { descendants, isAlive, SMALL } from "../../vm/fixture.ts";
import { startSite } from "../../vm/serving/site.ts";
import { CHECKOUT, docteur, git, refused } from "../docteur.ts";
import { sampleRepository } from "../sample-repository.ts";
import { signalled } from "../signalled.ts";

/** Makes a repository in which README.md differs from commit to commit. */
async function repositoryOf(folder: string) {
  const repository = join(folder, "repository");
  const { main, next } = await sampleRepository(repository);
  const commit = async (content: string) => {
    writeFileSync(join(repository, "README.md"), content);
    await git(repository, "commit", "--quiet", "--all", "--message", content);
    return (await git(repository, "rev-parse", "HEAD")).toString().trim();
  };
  return { repository, main, next, commit };
}

/** What `--admin` answers at a unix socket. */
async function metricsAt(socketPath: string): Promise<string> {
  const asked = request({ socketPath, path: "/metrics", agent: false }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return text(response);
}

test("--follow makes the image, serves each new commit, and says once why it cannot", async (t) => {
  const folder = temporaryFolder(t);
  const { repository, main, commit } = await repositoryOf(folder);
  const image = join(folder, "site.img");
  const follow = ["--follow", repository, "-b", "main", "--every", "1", "--no-deltas"];
  const site = await startSite(t, ["-t", "unix", "--admin", `unix:${folder}/admin`, ...follow, image]);
  await site.line(new RegExp(`: made of commit ${main}$`));
  t.is((await get(site.port, "/README.md")).body.toString(), "# Sample\n");
  const second = await commit("second\n");
  await site.line(new RegExp(`: serving commit ${second}$`));
  t.is((await get(site.port, "/README.md")).body.toString(), "second\n");
  t.is(readImageHeader(image).commit, second);

  renameSync(repository, `${repository} away`);
  await site.line(/is not updated: .* no such repository or folder$/);
  // Each reload looks once more, and a look at an interval writes no second line.
  site.child.kill("SIGHUP");
  await site.line(/: serving commit /, 2);
  t.is((await get(site.port, "/README.md")).body.toString(), "second\n");
  renameSync(`${repository} away`, repository);
  const third = await commit("third\n");
  await site.line(new RegExp(`: serving commit ${third}$`));
  t.is((await get(site.port, "/README.md")).body.toString(), "third\n");
  t.is(await site.end(), 143);
  t.deepEqual(readdirSync(folder).sort(), ["repository", "site.img"]);
});

test("--follow begins with the image that is there, though its server fails, and shows no password", async (t) => {
  const folder = temporaryFolder(t);
  const { repository, main } = await repositoryOf(folder);
  const image = join(folder, "site.img");
  await makeImage({ repository, image });
  let requests = 0;
  const asked = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    if (++requests >= 6) asked.resolve();
    response.writeHead(500).end();
  }).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  const { port } = await new Promise<AddressInfo>((resolve) =>
    server.once("listening", () => resolve(server.address() as AddressInfo)),
  );
  const url = `http://user:hunter2@127.0.0.1:${port}/x.git`;
  const site = await startSite(t, ["-t", "unix", "--follow", url, "--every", "1", image]);
  t.is((await get(site.port, "/README.md")).body.toString(), "# Sample\n");
  await site.line(/is not updated: cannot fetch from http:\/\/\*\*\*@127\.0\.0\.1/);
  await asked.promise;
  t.is(site.lines.filter((line) => /not updated/.test(line)).length, 1, site.lines.join("\n"));
  t.false(site.lines.join("\n").includes("hunter2"));
  t.is(await site.end(), 143);
  t.is(readImageHeader(image).commit, main);
});

test("a damaged image and one of another commit are refused, and the old one is served", async (t) => {
  const folder = temporaryFolder(t);
  const { repository, main } = await repositoryOf(folder);
  const [image, other, damaged] = ["site.img", "other.img", "damaged.img"].map((name) => join(folder, name));
  await makeImage({ repository, image: image! });
  await makeImage({ repository, image: other!, ref: "next" });
  const admin = join(folder, "admin");
  const options = ["-t", "unix", "--watch", "--commit", main, "--admin", `unix:${admin}`];
  const site = await startSite(t, [...options, image!]);
  const old = join(folder, "old.img");
  copyFileSync(image!, old);
  const replaceBy = (file: string) => {
    copyFileSync(file, join(folder, "new"));
    renameSync(join(folder, "new"), image!);
  };

  replaceBy(other!);
  await site.line(/is not updated: .*not of [0-9a-f]{40}/);
  const bytes = readFileSync(old);
  // In the middle of an entry of the PACK.
  bytes[200]! ^= 0xff;
  writeFileSync(damaged!, bytes);
  replaceBy(damaged!);
  await site.line(/is not updated: invalid image: /, 2);
  renameSync(image!, join(folder, "gone.img"));
  site.child.kill("SIGHUP");
  await site.line(/is not updated: .*site\.img: no such image$/);
  t.is((await get(site.port, "/README.md")).body.toString(), "# Sample\n");
  const metrics = await metricsAt(admin);
  t.regex(metrics, /^docteur_image_refused_total 3$/m);
  t.regex(metrics, /^docteur_image_swaps_total 0$/m);
  replaceBy(old);
  await site.line(new RegExp(`: serving commit ${main}$`));
  t.is((await get(site.port, "/README.md")).body.toString(), "# Sample\n");
  t.is(await site.end(), 143);
});

test("an image that is written in place while it is served is served once it is complete", async (t) => {
  const folder = temporaryFolder(t);
  const { repository, next } = await repositoryOf(folder);
  const [image, other] = [join(folder, "site.img"), join(folder, "other.img")];
  await makeImage({ repository, image });
  await makeImage({ repository, image: other, ref: "next" });
  const site = await startSite(t, ["-t", "unix", "--watch", image]);
  copyFileSync(other, image);
  await site.line(new RegExp(`: serving commit ${next}$`));
  t.is((await get(site.port, "/README.md")).body.toString(), "# Next\n");
  t.is(await site.end(), 143);
});

test("options about updates that mean nothing together are refused", async (t) => {
  for (const [args, message] of [
    [["-p", "0:80", "--watch", "--follow", "r", "x.img", "serve"], /leave out --watch/],
    [["-p", "0:80", "--commit", "a".repeat(40), "--follow", "r", "x.img", "serve"], /leave one out/],
    [["--watch", "x.img", "serve"], /--watch needs the program serve and a port/],
    [["-p", "0:80", "--follow", "r", "x.img", "cat", "/a"], /--follow needs the program serve/],
    [["-p", "0:80", "--every", "5", "x.img", "serve"], /--every needs --follow/],
    [["-p", "0:80", "-b", "main", "x.img", "serve"], /--branch needs --follow/],
    [["-p", "0:80", "--no-deltas", "x.img", "serve"], /--no-deltas needs --follow/],
    [["-p", "0:80", "--follow", "r", "--every", "0", "x.img", "serve"], /--every takes an integer from 1/],
  ] as const) {
    refused(t, await docteur(["run", ...args]), 2, message);
  }
});

test("--follow fails at once if there is no image and none can be made", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "site.img");
  const result = await docteur(["run", "-p", "0:80", "--follow", join(folder, "nothing"), image, "serve"]);
  refused(t, result, 1, /nothing: no such repository or folder/);
  t.deepEqual(readdirSync(folder), []);
});

test("SIGHUP ends other programs than serve", async (t) => {
  const args = ["run", "-t", "unix", SMALL, "cat", "--files-from", "-"];
  const { status, stdout } = await signalled(args, "SIGHUP", { input: "/README.md\n" });
  t.is(status, 129);
  t.regex(stdout, /^# small/);
});

test("a terminal that closes ends serve", async (t) => {
  const line = `'${join(CHECKOUT, "scripts/docteur")}' run -t unix -p 0:80 '${SMALL}' serve`;
  const terminal = spawn("script", ["-qfec", line, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => terminal.kill("SIGKILL"));
  const output = terminal.stdout.setEncoding("utf8");
  t.regex((await once(output, "data"))[0], /^http:/);
  const running = descendants(terminal.pid!).map(({ pid }) => pid);
  t.true(running.length > 1);
  terminal.kill("SIGKILL");
  while (running.some(isAlive)) await setTimeout(50);
  t.pass();
});

test("many SIGHUPs at once serve the image anew, and leave no file open", async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, "site.img");
  copyFileSync(SMALL, image);
  const site = await startSite(t, ["-t", "unix", image]);
  const reload = async (count: number) => {
    for (let each = 0; each < 10; each++) site.child.kill("SIGHUP");
    await site.line(/: serving commit /, count);
    t.is((await get(site.port, "/README.md")).status, 200);
  };
  await reload(1);
  const openImages = () =>
    readdirSync(`/proc/${site.child.pid}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${site.child.pid}/fd/${fd}`) === image;
      } catch {
        return false;
      }
    }).length;
  for (let count = 2; count < 8; count++) await reload(count);
  // That of the machine, that of one that ends, and one that is verified.
  while (openImages() > 3) await setTimeout(50);
  t.pass();
  t.is(await site.end(), 143);
});
