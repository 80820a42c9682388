import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import test, { type ExecutionContext } from "ava";
import { HttpClient } from "../../../remote/http/client.ts";
import { Credentials } from "../../../remote/oci/credentials.ts";
import { layerHead, layerTail } from "../../../remote/oci/layer.ts";
import { findCredentials } from "../../../remote/oci/login-files.ts";
import { openOciSource } from "../../../remote/oci/open.ts";
import { speaksTls } from "../../../remote/oci/speaks-tls.ts";
import { requestToken } from "../../../remote/oci/token.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { end, sha256, TestRegistry } from "./test-registry.ts";

/** An environment with this login file. */
function loggedIn(t: ExecutionContext, login: object) {
  const file = join(temporaryFolder(t), "auth.json");
  writeFileSync(file, JSON.stringify(login));
  return { HOME: "/nonexistent", REGISTRY_AUTH_FILE: file };
}

test("a registry of this machine sends for a token without TLS to this machine only", async (t) => {
  await using client = new HttpClient({ env: {}, deadline: 60 });
  const ask = (realm: string, plainHttp: "loopback" | "all") => {
    const challenge = { scheme: "bearer", parameters: new Map([["realm", realm]]) };
    const credentials = Credentials.password("ada", "PASSWORD");
    return requestToken(challenge, {
      ...{ client, credentials, plainHttp, scope: "s", display: "oci://r/n", hint: "" },
    });
  };
  await t.throwsAsync(ask("http://[::ffff:127.0.0.1]:1/", "loopback"), { code: "SOURCE_DENIED" });
  await t.throwsAsync(ask("http://[::ffff:127.0.0.1]:1/", "all"), { code: "SOURCE_UNREACHABLE" });
  const registry = await TestRegistry.start(t, { bearer: { user: "ada:PASSWORD" } });
  const answer = await t.throwsAsync(ask(`http://${registry.host}/token`, "loopback"));
  t.regex(answer!.message, /access is refused \(HTTP 401/);
});

test("an identity token goes to no server that the one of tokens leads to", async (t) => {
  const thief = await TestRegistry.start(t);
  const registry = await TestRegistry.start(t, { bearer: { refreshToken: "IDENTITY" } });
  registry.intercept = (request, response) => {
    if (!request.url!.startsWith("/token")) return false;
    end(response, 307, { location: `http://${thief.host}/token` });
    return true;
  };
  const env = loggedIn(t, { auths: { [registry.host]: { identitytoken: "IDENTITY" } } });
  const error = await t.throwsAsync(openOciSource(registry.address(), { env }), { code: "SOURCE_DENIED" });
  t.regex(error!.message, /leads to http:\/\/127\.0\.0\.1:\d+\/token, and the request has a password in it/);
  t.deepEqual(thief.seen, []);
});

test("a token of the registry that cannot be sent is reported without it", async (t) => {
  const env = loggedIn(t, { auths: { "r.example.com": { registrytoken: "SECRET\r\nX-Other: 1" } } });
  const error = await t.throwsAsync(findCredentials("r.example.com", "a", env), {
    code: "CREDENTIALS_UNREADABLE",
  });
  t.false(inspect(error, { depth: 20 }).includes("SECRET"));
});

test("a login file without an end, or to which nobody writes, is reported", async (t) => {
  const env = { HOME: "/nonexistent", REGISTRY_AUTH_FILE: "/dev/zero" };
  const error = await t.throwsAsync(findCredentials("r.example.com", "a", env), {
    code: "CREDENTIALS_UNREADABLE",
  });
  t.regex(error!.message, /has more than 4194304 bytes/);
});

test("whether a server of this machine speaks TLS is asked for so long, and no longer", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    // The header of a long record, and then a byte now and then.
    socket.write(Buffer.from([22, 3, 3, 64, 0]));
    const timer = setInterval(() => socket.write("\0"), 200);
    socket.on("close", () => clearInterval(timer));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => server.close());
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.false(await speaksTls(url));
  t.false(await speaksTls(url, AbortSignal.abort()));
});

test("what one registry gives for a digest is not what another has", async (t) => {
  const layer = (fill: string) => {
    const image = Buffer.alloc(100_000, fill);
    return Buffer.concat([layerHead(image.length), image, layerTail(image.length)]);
  };
  const honest = await TestRegistry.start(t);
  const hostile = await TestRegistry.start(t);
  for (const registry of [honest, hostile]) registry.image("v1", layer("right"));
  hostile.blobs.set(sha256(layer("right")), layer("wrong"));
  const keys = new Set<string>();
  for (const registry of [honest, hostile]) {
    await using source = await openOciSource(registry.address(), { env: { HOME: "/nonexistent" } });
    t.is(source.layer.digest, sha256(layer("right")));
    keys.add(source.key);
  }
  t.is(keys.size, 2);
});
