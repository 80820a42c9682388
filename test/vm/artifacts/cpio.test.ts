import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { getBusybox } from "../../../vm/artifacts/busybox.ts";
import { encodeCpio } from "../../../vm/artifacts/cpio.ts";

test("busybox unpacks an archive byte for byte", async (t) => {
  const busybox = await getBusybox(() => {});
  const contents = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(contents, (files) => {
      const folder = mkdtempSync(join(tmpdir(), "docteur-cpio-"));
      try {
        const entries = files.map((data, index) => ({
          path: `in/${"f".repeat(index + 1)}`,
          data,
          mode: 0o640,
        }));
        const archive = encodeCpio([{ path: "in" }, ...entries]);
        execFileSync(busybox, ["cpio", "-i", "-m"], {
          cwd: folder,
          input: archive,
          stdio: ["pipe", "pipe", "ignore"],
        });
        t.true(statSync(join(folder, "in")).isDirectory());
        for (const { path, data } of entries) {
          t.deepEqual(readFileSync(join(folder, path)), Buffer.from(data));
          t.is(statSync(join(folder, path)).mode & 0o777, 0o640);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 20 },
  );
});

test("a header has the fields of the kernel's documentation", (t) => {
  const archive = encodeCpio([{ path: "init", data: Buffer.from("hello"), mode: 0o755 }]).toString("latin1");
  // Magic, inode 1, a regular file 0755 of root, one link, time 0, five bytes, no devices, a name of five
  // bytes.
  const fields = ["00000001", "000081ed", "00000000", "00000000", "00000001", "00000000", "00000005"];
  const header = `070701${fields.join("")}${"00000000".repeat(4)}00000005${"00000000"}`;
  t.is(archive.slice(0, 110), header);
  t.is(archive.slice(110, 124), "init\0\0hello\0\0\0");
  t.true(archive.slice(124).startsWith("070701"));
  t.true(archive.includes("TRAILER!!!\0"));
  t.is(archive.length % 4, 0);
});
