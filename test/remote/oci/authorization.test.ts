import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import test, { type ExecutionContext } from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { Credentials } from "../../../remote/oci/credentials.ts";
import { layerHead, layerTail } from "../../../remote/oci/layer.ts";
import { findCredentials } from "../../../remote/oci/login-files.ts";
import { openOciSource } from "../../../remote/oci/open.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { basicOf, TestRegistry, type TestRegistryOptions } from "./test-registry.ts";

const USER = "ada:pass:word of hers";
const IMAGE = Buffer.alloc(200_000, "image");
const LAYER = Buffer.concat([layerHead(IMAGE.length), IMAGE, layerTail(IMAGE.length)]);

async function start(t: ExecutionContext, options: TestRegistryOptions): Promise<TestRegistry> {
  const registry = await TestRegistry.start(t, options);
  registry.image("v1", LAYER);
  return registry;
}

/** An environment whose home has this file of `docker login`. */
function loggedIn(t: ExecutionContext, login: object | string, file = ".docker/config.json") {
  const HOME = temporaryFolder(t);
  const path = join(HOME, file);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof login === "string" ? login : JSON.stringify(login));
  return { HOME, PATH: `${HOME}:${process.env.PATH}` };
}

const authOf = (user: string) => ({ auth: Buffer.from(user).toString("base64") });

async function readAll(registry: TestRegistry, env: Record<string, string>): Promise<void> {
  await using source = await openOciSource(registry.address(), { env, deadline: 20 });
  const bytes = Buffer.concat([await source.read(0, 100_000), await source.read(100_000, 100_000)]);
  if (!bytes.equals(IMAGE)) throw new Error("other bytes");
}

test("a registry that gives tokens to anybody is read with one token", async (t) => {
  const registry = await start(t, { bearer: {} });
  await readAll(registry, { HOME: "/nonexistent" });
  const asked = registry.seen.filter(({ url }) => url.startsWith("/token"));
  t.is(asked.length, 1);
  t.is(asked[0]!.url, "/token?service=test+registry%2C+one&scope=repository%3Adocs%2Fsite%3Apull");
  t.is(asked[0]!.authorization, undefined);
});

test("the password of docker login buys a token, and goes nowhere else", async (t) => {
  const registry = await start(t, { bearer: { user: USER }, storage: true });
  await readAll(registry, loggedIn(t, { auths: { [registry.host]: authOf(USER) } }));
  for (const { url, authorization } of registry.seen) {
    t.is(url.startsWith("/token"), authorization === basicOf(USER), url);
  }
  t.true(registry.storageSeen.length > 0);
  for (const { headers } of registry.storageSeen) {
    t.is(headers.authorization, undefined);
    t.deepEqual(JSON.stringify(headers).match(/[0-9a-f]{24}/g), null);
  }
});

test("an identity token buys a token by POST", async (t) => {
  const registry = await start(t, { bearer: { refreshToken: "IDENTITY & TOKEN" } });
  await readAll(registry, loggedIn(t, { auths: { [registry.host]: { identitytoken: "IDENTITY & TOKEN" } } }));
  const asked = registry.seen.filter(({ url }) => url.startsWith("/token"));
  t.deepEqual(
    asked.map(({ method, url, authorization }) => ({ method, url, authorization })),
    [{ method: "POST", url: "/token", authorization: undefined }],
  );
});

test("a registry that wants a password gets it", async (t) => {
  const registry = await start(t, { basic: USER });
  await readAll(registry, loggedIn(t, { auths: { [`https://${registry.host}/v2/`]: authOf(USER) } }));
  t.is(registry.seen.at(-1)!.authorization, basicOf(USER));
});

test("a token that the registry no longer takes is replaced while an image is read", async (t) => {
  const registry = await start(t, { bearer: {} });
  await using source = await openOciSource(registry.address(), { env: { HOME: "/nonexistent" } });
  registry.tokens.clear();
  t.is((await source.read(100_000, 1000)).length, 1000);
  t.is(registry.seen.filter(({ url }) => url.startsWith("/token")).length, 2);
});

test("reads that are refused together ask for one token", async (t) => {
  const registry = await start(t, { bearer: {} });
  await using source = await openOciSource(registry.address(), { env: { HOME: "/nonexistent" } });
  registry.tokens.clear();
  await Promise.all([1, 2, 3, 4, 5].map((each) => source.read(each * 30_000, 1000)));
  t.true(registry.seen.filter(({ url }) => url.startsWith("/token")).length <= 3);
});

test("a scope that is no repository's is the registry's own, and is asked for as it is", async (t) => {
  const registry = await start(t, { bearer: { scope: "aws" } });
  await readAll(registry, { HOME: "/nonexistent" });
  t.true(registry.seen.some(({ url }) => url.startsWith("/token") && url.endsWith("scope=aws")));
});

test("what is refused is reported with what to do, and without the password", async (t) => {
  const secret = "wrong-PASSWORD";
  for (const options of [{ basic: USER }, { bearer: { user: USER } }]) {
    const registry = await start(t, options);
    const opening = openOciSource(registry.address(), { env: { HOME: "/nonexistent" } });
    const anonymous = await t.throwsAsync(opening, { instanceOf: SourceError, code: "SOURCE_DENIED" });
    t.regex(anonymous!.message, /`docker login 127\.0\.0\.1:\d+`/);
    const env = loggedIn(t, { auths: { [registry.host]: authOf(`ada:${secret}`) } });
    const error = await t.throwsAsync(openOciSource(registry.address(), { env }), { code: "SOURCE_DENIED" });
    t.regex(error!.message, /log in again/);
    t.false(inspect(error, { depth: 20 }).includes(secret));
    t.false(inspect(error, { depth: 20 }).includes(Buffer.from(`ada:${secret}`).toString("base64")));
  }
});

test("a server of tokens without TLS gets no password, unless the registry is on this machine", async (t) => {
  const { requestToken } = await import("../../../remote/oci/token.ts");
  const { HttpClient } = await import("../../../remote/http/client.ts");
  await using client = new HttpClient();
  for (const realm of ["http://tokens.example.com/", "ftp://127.0.0.1/", "https://a:b@127.0.0.1/", "", "x"]) {
    const challenge = { scheme: "bearer", parameters: new Map([["realm", realm]]) };
    const credentials = Credentials.password("ada", "PASSWORD");
    const options = {
      client,
      credentials,
      scope: "s",
      display: "oci://r/n",
      hint: "",
      plainHttp: "none" as const,
    };
    const error = await t.throwsAsync(requestToken(challenge, options), { instanceOf: SourceError }, realm);
    t.false(error!.message.includes("PASSWORD"));
  }
});

test("the files of podman and docker count in their order, and the most of a repository's name", async (t) => {
  const home = loggedIn(t, { auths: { "r.example.com": authOf("home:1") } });
  const at = (name: string, login: object) => {
    const path = join(home.HOME, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, JSON.stringify(login));
    return path;
  };
  const who = async (env: Record<string, string>, registry = "r.example.com", repository = "a/b/c") =>
    Buffer.from(
      (await findCredentials(registry, repository, env))?.basic?.slice(6) ?? "",
      "base64",
    ).toString();
  t.is(await who(home), "home:1");
  at(".config/containers/auth.json", {
    auths: { "r.example.com": authOf("config:1"), "r.example.com/a": authOf("a:1") },
  });
  t.is(await who(home), "a:1");
  t.is(await who(home, "r.example.com", "x"), "config:1");
  const runtime = { ...home, XDG_RUNTIME_DIR: join(home.HOME, "run") };
  at("run/containers/auth.json", { auths: { "r.example.com/a/b": authOf("run:1") } });
  t.is(await who(runtime), "run:1");
  t.is(await who(runtime, "r.example.com", "x"), "config:1");
  at("docker/config.json", { auths: { "https://r.example.com/v1/": authOf("docker:1") } });
  t.is(await who({ ...runtime, DOCKER_CONFIG: join(home.HOME, "docker") }), "docker:1");
  const REGISTRY_AUTH_FILE = at("auth.json", { auths: { "https://index.docker.io/v1/": authOf("hub:1") } });
  t.is(await who({ ...home, REGISTRY_AUTH_FILE }, "docker.io", "library/x"), "hub:1");
  t.is(await who({ ...home, REGISTRY_AUTH_FILE }), "a:1");
  t.is(await who(home, "other.example.com"), "");
});

test("a login file that is malformed is reported by its name, and not by what is in it", async (t) => {
  for (const text of ['{"auths": SECRET', "[]", '"SECRET"', ""]) {
    const env = loggedIn(t, text);
    const error = await t.throwsAsync(findCredentials("r.example.com", "a", env), {
      code: "CREDENTIALS_UNREADABLE",
    });
    t.true(error!.message.includes(".docker/config.json") && !error!.message.includes("SECRET"));
  }
  for (const login of [
    {},
    { auths: [] },
    { auths: { "r.example.com": 7 } },
    { auths: { "r.example.com": { auth: "!" } } },
  ]) {
    t.is(await findCredentials("r.example.com", "a", loggedIn(t, login)), undefined);
  }
});

/** Puts a helper `docker-credential-test` into the home of an environment. */
function helper(home: string, script: string): void {
  const path = join(home, "docker-credential-test");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

test("credential helpers are asked by the server's name on their standard input", async (t) => {
  const registry = await start(t, { basic: USER });
  for (const login of [
    { credsStore: "test" },
    { credHelpers: { [registry.host]: "test" }, credsStore: "none" },
  ]) {
    const env = loggedIn(t, login);
    const answer = JSON.stringify({ ServerURL: registry.host, Username: "ada", Secret: USER.slice(4) });
    helper(env.HOME, `[ "$1" = get ] && cat > '${env.HOME}/asked' && echo '${answer}'`);
    await readAll(registry, env);
    t.is(readFileSync(join(env.HOME, "asked"), "utf8"), `${registry.host}\n`);
  }
});

test("a helper that has nothing leaves the rest of the file to count; its user <token> is an identity token", async (t) => {
  const env = loggedIn(t, { credsStore: "test", auths: { "r.example.com": authOf("file:1") } });
  helper(env.HOME, "echo 'credentials not found in native keychain'; exit 1");
  t.is((await findCredentials("r.example.com", "a", env))!.basic, basicOf("file:1"));
  helper(env.HOME, `echo '{"Username": "<token>", "Secret": "IDENTITY"}'`);
  t.is((await findCredentials("r.example.com", "a", env))!.refreshToken, "IDENTITY");
});

test("a helper that is missing, fails, talks nonsense or does not end is reported without what it said", async (t) => {
  const { askHelper } = await import("../../../remote/oci/credential-helper.ts");
  const env = loggedIn(t, {});
  const ask = (name = "test", signal?: AbortSignal) =>
    askHelper(name, "r.example.com", { env, signal, where: "config.json", deadline: 1500 });
  await t.throwsAsync(ask("../evil"), { code: "CREDENTIALS_UNREADABLE", message: /name/ });
  await t.throwsAsync(ask("nowhere"), { code: "CREDENTIALS_UNREADABLE", message: /missing/ });
  for (const script of [
    "echo SECRET; exit 3",
    "echo SECRET",
    "yes SECRET",
    'echo \'{"Secret": "SECRET"}\'',
  ]) {
    helper(env.HOME, script);
    const error = await t.throwsAsync(ask(), { instanceOf: SourceError, code: "CREDENTIALS_UNREADABLE" });
    t.false(error!.message.includes("SECRET"));
  }
  // It and what it has started are gone afterwards.
  helper(env.HOME, `sleep 100 & echo $! > '${env.HOME}/pid'; wait`);
  await t.throwsAsync(ask(), { message: /has not answered in 1\.5 s/ });
  const pid = readFileSync(join(env.HOME, "pid"), "utf8").trim();
  while (isRunning(pid)) await sleep(20);
  helper(env.HOME, "sleep 100");
  const reason = new Error("ended");
  await t.throwsAsync(ask("test", AbortSignal.abort(reason)), { is: reason });
});

function isRunning(pid: string): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "latin1"));
}

test("credentials show nothing when they are printed", (t) => {
  const all = [
    Credentials.password("ada", "SECRET"),
    Credentials.identityToken("SECRET"),
    Credentials.registryToken("SECRET"),
  ];
  t.false(`${all} ${JSON.stringify(all)} ${inspect(all, { depth: 9, showHidden: true })}`.includes("SECRET"));
  t.is(all[2]!.bearer, "Bearer SECRET");
});
