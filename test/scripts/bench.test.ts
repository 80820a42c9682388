import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command } from "./docteur.ts";

const BENCHES = readdirSync(join(CHECKOUT, "bench")).filter((name) => name.endsWith(".ts"));

for (const bench of BENCHES) {
  test(`bench/${bench} on a machine that has nothing says in one line what is missing`, async (t) => {
    const folder = temporaryFolder(t);
    const { status, stdout, stderr } = await command(process.execPath, [join(CHECKOUT, "bench", bench)], {
      cwd: folder,
      env: { PATH: folder, XDG_CACHE_HOME: folder },
    });
    t.is(stdout.toString(), "");
    t.regex(stderr, /^(fetching and preparing [\w-]+, once\n)?bench: [^\n]+\n$/);
    t.is(status, 1);
  });
}

test("a benchmark fetches the tools that the machine lacks, with their libraries", async (t) => {
  const folder = temporaryFolder(t);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  // An apt that knows a package, a library of it, and not the alternative of that.
  const programs = {
    "apt-cache":
      'case $3 in tool) echo "Depends: libc6 (>= 2), libold | libnew, other";; libnew) echo "Depends: libc6";; *) exit 1;; esac',
    "apt-get": 'shift; for each; do : >"$each.deb"; done',
    "dpkg-deb":
      'case $2 in */tool.deb) mkdir -p "$3/usr/bin"; printf "#!/bin/sh\\necho it runs" >"$3/usr/bin/tool"; chmod +x "$3/usr/bin/tool";; *) : >"$3/$(basename "$2")";; esac',
  };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const script = `
    import { execFileSync } from "node:child_process";
    import { readdirSync } from "node:fs";
    import { packagedTool } from ${JSON.stringify(join(CHECKOUT, "bench/lib/packages.ts"))};
    const { path, env } = await packagedTool("bin/tool", "tool");
    console.log(String(execFileSync(path, { env })).trim(), readdirSync(path.replace("/usr/bin/tool", "")).join());`;
  const { stdout, stderr } = await command(process.execPath, ["--input-type=module", "-e", script], {
    env: { PATH: `${bin}:${process.env.PATH}`, XDG_CACHE_HOME: folder },
  });
  t.is(stdout.toString(), "it runs libnew.deb,usr\n", stderr);
});
