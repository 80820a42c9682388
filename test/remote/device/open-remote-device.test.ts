import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { connect, openFileDevice } from "../../../reader/index.ts";
import { openRemoteDevice } from "../../../remote/device/open-remote-device.ts";
import { FIXTURES } from "../../fixtures.ts";
import { startRangeServer } from "../range-server.ts";

/** Nothing of the one who runs the tests counts, and no cache. */
const OPTIONS = { cacheSize: 0, env: { HOME: "/nonexistent" } };

test("the store reads an image behind a server of another process", async (t) => {
  const url = await startRangeServer(t, join(FIXTURES, "similar.img"));
  const device = await openRemoteDevice(url, OPTIONS);
  const store = connect(device);
  const local = connect(openFileDevice(join(FIXTURES, "similar.img")));
  const paths = [...local.prefix("")].map(({ path }) => path);
  t.deepEqual(
    [...store.prefix("")].map(({ path }) => path),
    paths,
  );
  for (const path of paths.filter((each) => local.exists(each) === "value"))
    t.deepEqual(store.get(path), local.get(path));
  local.close();
  store.close();
});

test("what is wrong with a source is thrown when it is opened", async (t) => {
  const url = await startRangeServer(t, join(FIXTURES, "similar.img"));
  await t.throwsAsync(openRemoteDevice(`${url}/nope`, OPTIONS), {
    name: "SourceError",
    code: "SOURCE_NOT_FOUND",
  });
  await t.throwsAsync(openRemoteDevice("disk.img", OPTIONS), { code: "BAD_ADDRESS" });
  await t.throwsAsync(openRemoteDevice("rbd:pool/image", OPTIONS), { code: "SOURCE_UNSUPPORTED" });
  const reason = new Error("enough");
  await t.throwsAsync(openRemoteDevice(url, { ...OPTIONS, signal: AbortSignal.abort(reason) }), {
    is: reason,
  });
  const end = new AbortController();
  const opening = openRemoteDevice(url, { ...OPTIONS, signal: end.signal });
  end.abort(reason);
  await t.throwsAsync(opening, { is: reason });
});

test("a device that is open does not keep its process", async (t) => {
  const url = await startRangeServer(t, join(FIXTURES, "similar.img"));
  const script = `
    import { openRemoteDevice } from ${JSON.stringify(join(import.meta.dirname, "../../../remote/device/open-remote-device.ts"))};
    const device = await openRemoteDevice(${JSON.stringify(url)}, ${JSON.stringify(OPTIONS)});
    device.readSectors(0, new Uint8Array(512));`;
  t.deepEqual(await statusOf(t, script), [0, null]);
});

async function statusOf(t: ExecutionContext, script: string): Promise<unknown[]> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  return await once(child, "exit");
}
