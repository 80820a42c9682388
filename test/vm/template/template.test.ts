import { statSync } from "node:fs";
import { appendFile, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import test from "ava";
import { removeCached } from "../../../vm/cache/cache.ts";
import type { RunOptions } from "../../../vm/commands.ts";
import { checkImage } from "../../../vm/image/file-disk.ts";
import { prepareMachine } from "../../../vm/prepare.ts";
import { startFromTemplate } from "../../../vm/template/start.ts";
import { saveTemplate } from "../../../vm/template/template-store.ts";
import { FIXTURES } from "../../fixtures.ts";
import { descendants, SMALL, SMALL_FILES } from "../fixture.ts";
import type { Report } from "../probe.ts";
import { named, runNoting, useOwnTemplates } from "../template-sandbox.ts";

const { cache, bundle } = useOwnTemplates(test);

const run = (options: Partial<RunOptions>) => runNoting({ bundle, ...options });

async function probe(options: Partial<RunOptions> = {}): Promise<Report> {
  const stdin = Readable.from(
    (function* () {
      yield String(Date.now());
    })(),
  );
  const { stdout } = await run({ program: "probe", stdin, ...options });
  return JSON.parse(stdout.toString());
}

const WARM = "docteur: started from a template";

const readme = SMALL_FILES.get("/README.md")!;

test.serial("a cold run leaves no template", async (t) => {
  const { status, stdout, notes } = await run({ cold: true });
  t.deepEqual([status, stdout, notes], [0, readme, []]);
  t.deepEqual(await named(cache, "template-"), []);
});

test.serial("two first runs at once answer right and leave one template, for this user alone", async (t) => {
  for (const { status, stdout, notes } of await Promise.all([run({}), run({})])) {
    t.deepEqual([status, stdout], [0, readme]);
    t.false(notes.includes(WARM));
  }
  const [template, ...more] = await named(cache, "template-");
  t.deepEqual(more, []);
  t.is(statSync(join(cache, template!)).mode & 0o777, 0o700);
  t.deepEqual(await named(cache, "tmp-"), []);
});

test.serial("machines from one template share neither randomness nor clock nor arguments", async (t) => {
  const runs = Array.from({ length: 16 }, (_, index) => probe({ args: [String(index)] }));
  const reports = await Promise.all(runs);
  for (const kind of Object.keys(reports[0]!.random)) {
    t.is(new Set(reports.map(({ random }) => random[kind])).size, reports.length, kind);
  }
  // Contexts of one machine have nothing in common either.
  const all = reports.flatMap(({ random }) => Object.values(random));
  t.is(new Set(all).size, all.length);
  for (const [index, { args, clock }] of reports.entries()) {
    t.deepEqual(args, [String(index)]);
    const { asked, host, answered } = clock;
    t.true(asked - 50 <= host && host <= answered + 50, JSON.stringify(clock));
  }
  t.deepEqual(descendants(process.pid), []);
});

test.serial("every image has its own content and its own size, beyond which there is nothing", async (t) => {
  for (const name of ["small.img", "git.img", "similar.img"]) {
    const image = join(FIXTURES, name);
    const { size, beyond, disks } = await probe({ image });
    t.is(size, Math.ceil(statSync(image).size / 512) * 512);
    t.deepEqual(beyond, [0, 0]);
    t.deepEqual(disks, ["vda", "vdb"]);
  }
});

for (const status of [0, 1, 127, 255]) {
  test.serial(`a machine from a template returns status ${status}`, async (t) => {
    const result = await run({ program: "probe", args: ["status", String(status)] });
    t.is(result.status, status);
    t.deepEqual(result.notes, [WARM]);
  });
}

test.serial("a damaged template is replaced, and the run answers right", async (t) => {
  const [name] = await named(cache, "template-");
  await appendFile(join(cache, name!, "state"), "x");
  const { status, stdout, notes } = await run({});
  t.deepEqual([status, stdout], [0, readme]);
  t.deepEqual(notes, [
    "docteur: the template is damaged: its files have changed; taking a new one",
    "docteur: booting a machine for the template (once)",
  ]);
  t.deepEqual((await run({})).notes, [WARM]);
});

test.serial("a defect of docteur leaves the template in place and records no failure", async (t) => {
  const before = await named(cache, "template-");
  const machine = await prepareMachine(
    { bundle },
    () => checkImage(SMALL),
    () => {},
  );
  const notes: string[] = [];
  const note = (line: string) => void notes.push(line);
  const guest = await startFromTemplate(machine, {
    seconds: 600,
    note,
    detail: note,
    restore: () => Promise.reject(new TypeError("there is no such method")),
  });
  t.is(guest, undefined);
  t.deepEqual(notes, ["the template does not serve: there is no such method; booting"]);
  t.deepEqual(await named(cache, "template-"), before);
  t.deepEqual(await named(cache, "no-template"), []);
  t.deepEqual((await run({})).notes, [WARM]);
});

test.serial("a template that QEMU refuses is replaced", async (t) => {
  const [name] = await named(cache, "template-");
  const folder = join(cache, "tmp-damaged");
  const state = await readFile(join(cache, name!, "state"));
  await mkdir(folder);
  await copyFile(join(cache, name!, "memory"), join(folder, "memory"));
  await writeFile(join(folder, "state"), state.fill(0xff, state.length >> 1));
  await removeCached(name!);
  await saveTemplate(folder, name!, "damaged");
  const { status, stdout, notes } = await run({});
  t.deepEqual([status, stdout], [0, readme]);
  t.is(notes.length, 2);
  t.regex(notes[0]!, /taking a new one$/);
  t.deepEqual((await run({})).notes, [WARM]);
  t.deepEqual(await named(cache, "tmp-"), []);
  t.deepEqual(descendants(process.pid), []);
});
