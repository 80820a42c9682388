import test from "ava";
import { boot } from "../../vm/index.ts";
import { Collector, descendants, SMALL, SMALL_FILES } from "./fixture.ts";

test.serial("a machine runs one program and ends", async (t) => {
  const stdout = new Collector();
  const stderr = new Collector();
  const vm = await boot({ image: SMALL });
  t.is(await vm.run("cat", ["/README.md", "/nope"], { stdout, stderr }), 1);
  t.deepEqual(stdout.bytes, SMALL_FILES.get("/README.md"));
  t.regex(stderr.text, /^cat: \/nope: [^\n]+\n$/);
  t.deepEqual(descendants(process.pid), []);
});

test.serial("disposing of a machine, or aborting its program, ends it", async (t) => {
  {
    await using vm = await boot({ image: SMALL });
    await t.throwsAsync(async () => vm.run("cat", [], { commit: "HEAD" }), { code: "COMMIT_MALFORMED" });
    t.is(descendants(process.pid).length, 1);
  }
  t.deepEqual(descendants(process.pid), []);
  const vm = await boot({ image: SMALL });
  const signal = AbortSignal.abort("SIGINT");
  t.is(await vm.run("cat", ["--files-from", "-"], { stdin: process.stdin, signal }), 130);
  t.deepEqual(descendants(process.pid), []);
});
