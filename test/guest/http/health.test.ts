import { once } from "node:events";
import type { AddressInfo } from "node:net";
import test from "ava";
import { makeHealthServer } from "../../../guest/http/health.ts";

test("/healthz is ok, by GET and HEAD alone, and there is nothing else", async (t) => {
  const server = makeHealthServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ok = await fetch(`${at}/healthz?x=1`);
  t.deepEqual([ok.status, await ok.text(), ok.headers.get("cache-control")], [200, "ok\n", "no-store"]);
  const head = await fetch(`${at}/healthz`, { method: "HEAD" });
  t.deepEqual([head.status, await head.text(), head.headers.get("content-length")], [200, "", "3"]);
  const post = await fetch(`${at}/healthz`, { method: "POST", body: "x" });
  t.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  t.is((await fetch(`${at}/README.md`)).status, 404);
});
