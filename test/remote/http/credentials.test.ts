import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { credentialsFor } from "../../../remote/http/credentials.ts";
import { readHeaderFile } from "../../../remote/http/header-file.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { ENV, fails, open, startServer } from "./server.ts";

const SECRET = "never-to-be-shown";

function file(t: ExecutionContext, text: string): string {
  const path = join(temporaryFolder(t), "file");
  writeFileSync(path, text, "latin1");
  return path;
}

test("header lines are read: names in lower case, values as they are", async (t) => {
  const path = file(
    t,
    "# ours\nX-Key:  a b: c \t\r\n\nauthorization:Basic eA==\nAccept: a\nACCEPT: b\nX-Empty:\nX-Name: \xe9",
  );
  t.deepEqual(await readHeaderFile(path), {
    "x-key": "a b: c",
    authorization: "Basic eA==",
    accept: "a, b",
    "x-empty": "",
    "x-name": "\xe9",
  });
  t.deepEqual(await readHeaderFile(file(t, "")), {});
});

test("a line that is no header is refused by its number, and nothing of it is shown", async (t) => {
  for (const line of [
    SECRET,
    `: ${SECRET}`,
    `X Y: ${SECRET}`,
    ` X: ${SECRET}`,
    `X: ${SECRET}\x00`,
    `X: ${SECRET}\x1b[m`,
    `Ünï: ${SECRET}`,
  ]) {
    await fails(
      t,
      readHeaderFile(file(t, `A: b\n\n${line}\n`)),
      "CREDENTIALS_UNREADABLE",
      /: line 3 is not of the form Name: value$/,
      [SECRET],
    );
  }
});

test("headers that would make it another request are refused", async (t) => {
  for (const name of [
    "Range",
    "host",
    "If-Range",
    "Accept-Encoding",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Proxy-Authorization",
    "TE",
    "Expect",
  ]) {
    await fails(
      t,
      readHeaderFile(file(t, `${name}: ${SECRET}`)),
      "CREDENTIALS_UNREADABLE",
      /line 1 has a header that docteur sets itself/,
      [SECRET],
    );
  }
});

test("a file of headers that cannot be read, or has no end, is refused", async (t) => {
  await fails(
    t,
    readHeaderFile("/nonexistent/headers"),
    "CREDENTIALS_UNREADABLE",
    /cannot be read \(ENOENT\)/,
  );
  await fails(t, readHeaderFile("/"), "CREDENTIALS_UNREADABLE", /cannot be read \(EISDIR\)/);
  await fails(t, readHeaderFile("/dev/zero"), "CREDENTIALS_UNREADABLE", /cannot be read \(EFBIG\)/);
});

async function sent(
  t: ExecutionContext,
  url: string,
  headers: string | undefined,
  env: Record<string, string>,
) {
  const headerFrom = headers === undefined ? undefined : file(t, headers);
  return (await credentialsFor(new URL(url), headerFrom, { ...ENV, ...env })).headers();
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

test("--header-from comes before DOCTEUR_TOKEN, and that before the netrc file", async (t) => {
  const NETRC = file(t, "machine h login me password pass");
  const token = { DOCTEUR_TOKEN: "t" };
  t.deepEqual(await sent(t, "https://h/", "Authorization: x", { NETRC, ...token }), { authorization: "x" });
  t.deepEqual(await sent(t, "https://h/", "X-Y: x", { NETRC, ...token }), {
    "x-y": "x",
    authorization: "Bearer t",
  });
  t.deepEqual(await sent(t, "https://h:8443/", undefined, { NETRC }), basic("me:pass"));
  t.deepEqual(await sent(t, "https://other/", undefined, { NETRC }), {});
  t.deepEqual(await sent(t, "https://h/", undefined, {}), {});
});

test("the netrc file is that of the home folder, if NETRC names no other", async (t) => {
  const HOME = temporaryFolder(t);
  t.deepEqual(await sent(t, "https://h/", undefined, { HOME }), {});
  writeFileSync(join(HOME, ".netrc"), "default login a password b");
  t.deepEqual(await sent(t, "https://h/", undefined, { HOME }), basic("a:b"));
  t.deepEqual(
    await sent(t, "http://[::1]:80/", undefined, { NETRC: file(t, "machine ::1 login c password d") }),
    basic("c:d"),
  );
});

test("DOCTEUR_TOKEN goes over https, or to this machine", async (t) => {
  const env = { DOCTEUR_TOKEN: "t" };
  for (const url of [
    "https://h/",
    "http://localhost:1/",
    "http://a.localhost/",
    "http://127.1.2.3/",
    "http://[::1]/",
  ]) {
    t.deepEqual(await sent(t, url, undefined, env), { authorization: "Bearer t" }, url);
  }
  for (const url of [
    "http://h/",
    "http://localhost.example.org/",
    "http://127.example.org/",
    "http://[::2]/",
    "http://10.0.0.1/",
  ]) {
    t.deepEqual(await sent(t, url, undefined, env), {}, url);
  }
  const { hint } = await credentialsFor(new URL("http://h/"), undefined, { ...ENV, ...env });
  t.is(hint, "DOCTEUR_TOKEN is sent over https only: use https");
});

test("what cannot be read is reported without what is in it", async (t) => {
  const netrc = (NETRC: string) => credentialsFor(new URL("https://h/"), undefined, { ...ENV, NETRC });
  await fails(
    t,
    netrc("/nonexistent"),
    "CREDENTIALS_UNREADABLE",
    /^\/nonexistent: the netrc file cannot be read \(ENOENT\)$/,
  );
  await fails(
    t,
    netrc(file(t, `machine h\npassword "${SECRET}`)),
    "CREDENTIALS_UNREADABLE",
    /line 2 has a quote that is not closed$/,
    [SECRET],
  );
  await fails(t, netrc("/dev/zero"), "CREDENTIALS_UNREADABLE", /cannot be read \(EFBIG\)/);
  const token = credentialsFor(new URL("https://h/"), undefined, { ...ENV, DOCTEUR_TOKEN: `${SECRET} x` });
  await fails(t, token, "CREDENTIALS_UNREADABLE", /^DOCTEUR_TOKEN: this is no token/, [SECRET]);
});

test("who is refused learns which credentials were sent, and no secret", async (t) => {
  const NETRC = file(t, `default login me password ${SECRET}`);
  for (const [status, options, message] of [
    [
      401,
      { env: ENV },
      /HTTP 401 Unauthorized\): give --header-from FILE, DOCTEUR_TOKEN or a netrc file with the right ones$/,
    ],
    [403, { env: { ...ENV, DOCTEUR_TOKEN: SECRET } }, /HTTP 403 Forbidden\): check DOCTEUR_TOKEN$/],
    [401, { env: { ...ENV, NETRC } }, /check login and password of the netrc file$/],
    [403, { headerFrom: file(t, `Authorization: ${SECRET}`) }, /check the Authorization of --header-from$/],
  ] as const) {
    const server = await startServer(t, (_, response) =>
      response.writeHead(status, { "www-authenticate": "Basic" }).end(),
    );
    await fails(t, open(t, `${server.origin}/a?b=${SECRET}`, options), "SOURCE_DENIED", message, [
      SECRET,
      Buffer.from(`me:${SECRET}`).toString("base64"),
    ]);
    t.is(server.requests.length, 1);
  }
  const presigned = await startServer(t, (_, response) => response.writeHead(403).end());
  const url = `${presigned.origin}/a?X-Amz-Signature=${SECRET}`;
  await fails(t, open(t, url), "SOURCE_DENIED", /the signature of the URL may have expired: get a new one$/, [
    SECRET,
  ]);
});
