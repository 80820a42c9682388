import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { writeOciLayout } from "../../vm/export/oci-layout.ts";
import { FIXTURES, IMAGES } from "../fixtures.ts";
import { basicOf, TestRegistry } from "../remote/oci/test-registry.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { docteur, refused } from "./docteur.ts";

const SMALL = join(FIXTURES, "small.img");
const { commit } = IMAGES.get("small.img")!;

async function start(t: ExecutionContext) {
  const registry = await TestRegistry.start(t, { bearer: { user: "ada:SECRET-WORD" } });
  const HOME = temporaryFolder(t);
  const auth = basicOf("ada:SECRET-WORD").slice(6);
  writeFileSync(join(HOME, "auth.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const env = { HOME, REGISTRY_AUTH_FILE: join(HOME, "auth.json") };
  const name = `oci://${registry.host}/docs/site`;
  return { registry, HOME, env, name, run: (...args: string[]) => docteur(args, { env }) };
}

test("push prints the address by which the image is pulled and inspected", async (t) => {
  const { HOME, name, run } = await start(t);
  const pushed = await run("push", SMALL, `${name}:v1`);
  t.is(pushed.status, 0, pushed.stderr);
  t.regex(pushed.stdout.toString(), /^oci:\/\/127\.0\.0\.1:\d+\/docs\/site@sha256:[0-9a-f]{64}\n$/);
  t.regex(pushed.stderr, new RegExp(`^${name}:v1: commit ${commit}, \\d.* uploaded, .*s\\n$`));
  const address = pushed.stdout.toString().trim();
  const image = join(HOME, "pulled.img");
  const pulled = await run("pull", address, image);
  t.is(pulled.status, 0, pulled.stderr);
  t.is(pulled.stdout.toString(), "");
  t.regex(pulled.stderr, new RegExp(`pulled.img: commit ${commit}, image \\d`));
  t.true(readFileSync(image).equals(readFileSync(SMALL)));
  const inspected = await run("inspect", address);
  t.is(inspected.status, 0, inspected.stderr);
  const text = inspected.stdout.toString();
  t.regex(
    text,
    new RegExp(`^source   : ${address}\ndigest   : ${address.split("@")[1]}\nlayer    : sha256:`),
  );
  t.true(
    text.includes(
      `\ncommit   : ${commit}\nauthor   : Dr. Greenthumb <noreply@cypress.hill>\ndate     : 2020-10-10T08:00:00Z\n`,
    ),
    text,
  );
  t.regex(text, /\nobjects {2}: \d+ objects\nimage {4}: \d.*\n {2}PACK .*\n {2}IDX .*\n$/);
  const again = await run("push", "--json", SMALL, `${name}:v1`);
  t.like(JSON.parse(again.stdout.toString()), { address, commit, layerWas: "unchanged" });
  t.true(again.stderr.includes("the registry had"));
});

test("push takes an image layout, with no options that are for disk images", async (t) => {
  const { registry, HOME, name, run } = await start(t);
  const layout = join(HOME, "a machine");
  const layers = [[{ name: "disk", source: SMALL, owner: 0 }]];
  const digest = await writeOciLayout(layout, { tag: "v1", layers, config: {} });
  const pushed = await run("push", layout, `${name}:v1`);
  t.is(pushed.stdout.toString(), `oci://${registry.host}/docs/site@${digest}\n`, pushed.stderr);
  t.regex(pushed.stderr, new RegExp(`^${name}:v1: (\\d.*) of \\1 uploaded, .*s\\n$`));
  const again = await run("push", "--json", "-q", layout, `${name}:v1`);
  t.like(JSON.parse(again.stdout.toString()), { digest, uploaded: 0 });
  t.is(again.stderr, "");
  refused(t, await run("push", "--no-verify", layout, name), 2, /--no-verify is for disk images/);
  refused(t, await run("push", "--source", "https://x", layout, name), 2, /--source is for disk images/);
  refused(t, await run("push", HOME, name), 1, /it has no file oci-layout/);
});

test("inspect of a file needs nothing else", async (t) => {
  const { stdout, stderr, status } = await docteur(["inspect", "--json", SMALL]);
  t.is(status, 0, stderr);
  t.like(JSON.parse(stdout.toString()), {
    source: SMALL,
    commit,
    hash: "sha1",
    size: readFileSync(SMALL).length,
  });
});

test("pull --json and push -q are for programs", async (t) => {
  const { HOME, name, run } = await start(t);
  const pushed = await run("push", "-q", "--no-verify", SMALL, name);
  t.is(pushed.stderr, "");
  const image = join(HOME, "x.img");
  const { stdout } = await run("pull", "--json", `${name}:latest`, image);
  const digest = pushed.stdout.toString().trim().split("@")[1];
  t.deepEqual(JSON.parse(stdout.toString()), {
    image,
    commit,
    bytes: readFileSync(SMALL).length,
    resumed: 0,
    digest,
    verified: true,
  });
});

test("failures are one line without the password, and leave nothing", async (t) => {
  const { registry, HOME, name, run } = await start(t);
  const image = join(HOME, "x.img");
  const before = readdirSync(HOME);
  refused(t, await run("pull", `${name}:none`, image), 1, /there is nothing at this address/);
  refused(t, await run("push", join(HOME, "auth.json"), name), 1, /invalid image/);
  refused(t, await run("push", join(HOME, "none"), name), 1, /no such image/);
  refused(t, await run("inspect", `${name}:none`), 1, /there is nothing at this address/);
  refused(t, await run("pull", SMALL, image), 2, /is no address to pull from/);
  refused(t, await run("push", SMALL, "https://example.com/x"), 2, /is no address of a registry/);
  refused(t, await run("push", SMALL, "oci://UPPER/x y"), 1, /write oci:\/\//);
  refused(
    t,
    await run("push", "--source", "https://ada:SECRET-WORD@x.org/y", SMALL, name),
    2,
    /has a password in it/,
  );
  refused(t, await run("push", "https://example.com/x.img", name), 2, /not an address: .*docteur pull/);
  refused(t, await run("pull", `${name}:none`, name), 2, /not an address: .* docteur push/);
  refused(t, await run("make", SMALL, name), 2, /not an address: .* docteur push/);
  for (const words of [
    ["verify", "oci://x"],
    ["inspect", "oci://x"],
    ["pull", "oci://x", image],
    ["push", SMALL, "oci://x"],
  ]) {
    const bad = await run(...words, "--json");
    t.is(bad.status, 1);
    t.like(JSON.parse(bad.stdout.toString()), { error: { code: "BAD_ADDRESS" } }, words.join(" "));
  }
  registry.tokens.clear();
  writeFileSync(join(HOME, "auth.json"), JSON.stringify({ auths: {} }));
  refused(t, await run("push", SMALL, name), 1, /log in with `docker login/);
  const failed = await run("pull", "--json", `${name}:none`, image);
  t.is(failed.status, 1);
  t.like(JSON.parse(failed.stdout.toString()), { error: { code: "SOURCE_DENIED" } });
  t.deepEqual(readdirSync(HOME), before);
});

test("Ctrl-C ends a pull, which leaves what it has and nothing else", async (t) => {
  const { registry, HOME, env, name, run } = await start(t);
  await run("push", "-q", SMALL, name);
  const { command } = await import("./docteur.ts");
  let hanging: (() => void) | undefined;
  const hangs = new Promise<void>((resolve) => {
    hanging = resolve;
  });
  registry.intercept = (request) => {
    if (!request.url!.includes("/blobs/")) return false;
    hanging!();
    return true;
  };
  const controller = new AbortController();
  const image = join(HOME, "x.img");
  const pulling = command(process.execPath, ["scripts/main.ts", "pull", `${name}:latest`, image], {
    env,
    cancelSignal: controller.signal,
    killSignal: "SIGINT",
    cwd: join(import.meta.dirname, "../.."),
  });
  await hangs;
  controller.abort();
  t.is((await pulling).status, 130);
  t.deepEqual(
    readdirSync(HOME).filter((each) => each.includes("x.img")),
    [],
  );
});
