import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test from "ava";
import { killOnExit } from "../../../image-builder/source/kill-on-exit.ts";

test("twenty children share one listener, which is removed when the last has exited", async (t) => {
  const before = process.listenerCount("exit");
  const children = Array.from({ length: 20 }, (_, i) => killOnExit(Promise.resolve(i), () => {}));
  t.deepEqual(await Promise.all(children), [...Array(20).keys()]);
  t.is(process.listenerCount("exit"), before);
  await t.throwsAsync(
    killOnExit(Promise.reject(new Error("no")), () => {}),
    { message: "no" },
  );
  t.is(process.listenerCount("exit"), before);
});

test("a process that exits kills its children", async (t) => {
  const url = join(import.meta.dirname, "../../../image-builder/source/kill-on-exit.ts");
  const script = `
    const { killOnExit } = await import(${JSON.stringify(url)});
    killOnExit({ then: () => {} }, () => console.log("killed"));
    setTimeout(() => process.exit(3), 10);
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  parent.stdout.on("data", (chunk) => {
    said += chunk;
  });
  t.deepEqual(await once(parent, "close"), [3, null]);
  t.is(said, "killed\n");
});
