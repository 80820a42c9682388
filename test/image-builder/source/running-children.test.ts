import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test from "ava";
import { endWithUs } from "../../../image-builder/source/running-children.ts";

test("any number of children, and no listener is left", async (t) => {
  const before = process.listenerCount("exit");
  const children = Array.from({ length: 20 }, (_, i) => endWithUs(Promise.resolve(i), () => {}));
  t.deepEqual(await Promise.all(children), [...Array(20).keys()]);
  t.is(process.listenerCount("exit"), before);
  await t.throwsAsync(
    endWithUs(Promise.reject(new Error("no")), () => {}),
    { message: "no" },
  );
  t.is(process.listenerCount("exit"), before);
});

test("a process that ends takes its children along", async (t) => {
  const url = join(import.meta.dirname, "../../../image-builder/source/running-children.ts");
  const script = `
    const { endWithUs } = await import(${JSON.stringify(url)});
    endWithUs({ then: () => {} }, () => console.log("told to end"));
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
  t.is(said, "told to end\n");
});
