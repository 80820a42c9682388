import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../../temporary-folder.ts";
import { makeCertificate } from "./certificate.ts";
import { CONTENT, ENV, fails, open, startServer } from "./server.ts";

const authority = makeCertificate();

function right(t: Parameters<typeof startServer>[0], options: Parameters<typeof makeCertificate>[0] = {}) {
  return startServer(t, undefined, makeCertificate({ issuer: authority, ...options }));
}

test("--cacert makes an authority trusted, and the connections are kept", async (t) => {
  const cacert = join(temporaryFolder(t), "ca.pem");
  writeFileSync(cacert, `# ours\n${makeCertificate().cert}${authority.cert}`);
  const server = await right(t);
  const source = await open(t, server.origin, { cacert });
  for (let index = 0; index < 10; index++) {
    t.deepEqual(Buffer.from(await source.read(100_000, 9)), CONTENT.subarray(100_000, 100_009));
  }
  t.true(server.connections() <= 2);
});

test("SSL_CERT_FILE names the system's authorities, and NODE_EXTRA_CA_CERTS adds some", async (t) => {
  const file = join(temporaryFolder(t), "ca.pem");
  writeFileSync(file, authority.cert);
  const server = await right(t);
  for (const name of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]) {
    t.is((await open(t, server.origin, { env: { ...ENV, [name]: file } })).size, CONTENT.length);
  }
});

test("an authority that is not trusted is reported, with what to do, after one connection", async (t) => {
  const server = await right(t);
  await fails(
    t,
    open(t, server.origin),
    "SOURCE_UNREACHABLE",
    /signed by no one that is trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): give --cacert FILE$/,
  );
  t.is(server.connections(), 1);
  const own = await startServer(t, undefined, authority);
  await fails(
    t,
    open(t, own.origin),
    "SOURCE_UNREACHABLE",
    /\(DEPTH_ZERO_SELF_SIGNED_CERT\): give --cacert FILE$/,
  );
});

test("a certificate that has expired, is not valid yet, or is for another host is reported", async (t) => {
  const cacert = join(temporaryFolder(t), "ca.pem");
  writeFileSync(cacert, authority.cert);
  for (const [options, message] of [
    [{ years: [2020, 2021] }, /certificate has expired/],
    [{ years: [2048, 2049] }, /certificate is not valid yet/],
    [{ host: "example.org" }, /certificate is for another name/],
  ] as const) {
    const server = await right(t, options);
    await fails(t, open(t, server.origin, { cacert }), "SOURCE_UNREACHABLE", message);
  }
});

test("a server without TLS behind https, and one with TLS behind http, are told of", async (t) => {
  const plain = await startServer(t);
  await fails(t, open(t, plain.origin.replace("http:", "https:")), "SOURCE_UNREACHABLE", /agree on no TLS/);
  const secure = await right(t);
  await fails(
    t,
    open(t, secure.origin.replace("https:", "http:")),
    "SOURCE_UNREACHABLE",
    /the connection was cut/,
  );
});

test("a file of certificates that has none, or cannot be read, is reported", async (t) => {
  const folder = temporaryFolder(t);
  const server = await right(t);
  const broken = authority.cert.replace(/\n[^\n]{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
  for (const [name, text, message] of [
    ["none", authority.key, /none: the file of certificates has no certificate in PEM$/],
    ["broken", broken, /has a certificate that cannot be read/],
    ["missing", undefined, /cannot be read \(ENOENT\)/],
  ] as const) {
    const cacert = join(folder, name);
    if (text !== undefined) writeFileSync(cacert, text);
    await fails(t, open(t, server.origin, { cacert }), "CREDENTIALS_UNREADABLE", message);
    const env = { ...ENV, SSL_CERT_FILE: cacert };
    await fails(t, open(t, server.origin, { env }), "CREDENTIALS_UNREADABLE", message);
  }
  t.is(server.requests.length, 0);
});
