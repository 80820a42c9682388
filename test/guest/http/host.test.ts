import test from "ava";
import { authorityOf, hostOf, parseHostName } from "../../../guest/http/host.ts";
import { served } from "./served.ts";
import { siteImage } from "./site-image.ts";

for (const [authority, host] of [
  ["example.org", "example.org"],
  ["EXAMPLE.org:8080", "example.org"],
  ["example.org.", "example.org"],
  ["example.org.:80", "example.org"],
  ["example.org:", "example.org"],
  ["my_host", "my_host"],
  ["a%41", "a%41"],
  ["127.0.0.1:80", "127.0.0.1"],
  ["[::1]", "[::1]"],
  ["[::1]:80", "[::1]"],
  ["[0:0:0:0:0:0:0:1]:80", "[::1]"],
  ["[2001:DB8::A]", "[2001:db8::a]"],
  ["[::ffff:1.2.3.4]", "[::ffff:102:304]"],
  ["", ""],
  [":80", undefined],
  ["::1", undefined],
  ["[::1", undefined],
  ["[::1]x", undefined],
  ["[1]", undefined],
  ["[v1.a]", undefined],
  ["a b", undefined],
  ["a/b", undefined],
  ["a\\b", undefined],
  ["a?b", undefined],
  ["a#b", undefined],
  ["user@a", undefined],
  ["a:80:81", undefined],
  ["a:port", undefined],
  ["a%4", undefined],
  ["http://a", undefined],
  ["na\xefve", undefined],
] as const) {
  test(`the host of '${authority}'`, (t) => t.is(hostOf(authority), host));
}

for (const [text, host] of [
  ["Example.org.", "example.org"],
  ["example.org:8080", "example.org"],
  ["::1", "[::1]"],
  ["[::1]:80", "[::1]"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["", undefined],
  [".", undefined],
  [":80", undefined],
  ["http://a/", undefined],
  ["a b", undefined],
  ["*", undefined],
  ["*.example.org", undefined],
  ["a,b", undefined],
] as const) {
  test(`the host that a user names as '${text}'`, (t) => t.is(parseHostName(text), host));
}

test("the authority of a target", (t) => {
  t.is(authorityOf("http://A:1/x"), "A:1");
  t.is(authorityOf("HTTPS://a?x"), "a");
  t.is(authorityOf("/http://a/"), undefined);
  t.is(authorityOf("*"), undefined);
});

const { image } = siteImage();

test("with --host, a request for another host is answered 421, whatever it asks for", async (t) => {
  const args = ["--host", "Example.org.", "--host=::1", "--listing"];
  const { get } = await served(t, image, { args });
  for (const host of ["example.org", "EXAMPLE.ORG:8080", "example.org.", "[::1]", "[0:0::1]:80"]) {
    t.is((await get("/docs/guide.txt", { host })).body.toString(), "Read me first.\n", host);
  }
  for (const host of ["127.0.0.1", "evil.example", "example.org.evil.example", "xexample.org", "[::2]", ""]) {
    for (const [target, method] of [
      ["/docs/guide.txt", "GET"],
      ["/docs/guide.txt", "HEAD"],
      ["/nope", "GET"],
      ["/plain/", "GET"],
      ["/.docteur/", "GET"],
      ["/docs", "GET"],
      ["*", "OPTIONS"],
      ["/", "POST"],
    ] as const) {
      const { status, headers, body } = await get(target, { host }, method);
      t.is(status, 421, `${method} ${target} ${host}`);
      t.is(headers.location, undefined);
      t.is(headers.etag, undefined);
      if (method !== "HEAD") t.regex(body.toString(), /This server does not serve that host/);
    }
  }
  t.is((await get("/", { host: "a b" })).status, 400);
});

test("with --host, the host of a target in absolute form counts, and not the field's", async (t) => {
  const { get, socket } = await served(t, image, { args: ["--host", "a.example"] });
  const status = async (target: string, host: string) => (await get(target, { host })).status;
  t.is(await status("http://a.example/docs/guide.txt", "evil.example"), 200);
  t.is(await status("http://A.example.:99/docs/guide.txt", "evil.example"), 200);
  t.is(await status("http://evil.example/docs/guide.txt", "a.example"), 421);
  t.is(await status("http://a.example@evil.example/", "a.example"), 400);
  t.is(await status("http://evil.example/docs/guide.txt", "a b"), 400);
  for (const request of ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n"]) {
    const raw = await socket();
    raw.write(request);
    t.regex(await raw.closed, /^HTTP\/1\.1 421 Misdirected Request\r\n/);
  }
});

test("without --host, any host is answered for", async (t) => {
  const { get } = await served(t, image);
  for (const host of ["127.0.0.1", "evil.example", "[::1]:80", "", "proxy:80"]) {
    t.is((await get("/docs/guide.txt", { host })).status, 200, host);
  }
});
