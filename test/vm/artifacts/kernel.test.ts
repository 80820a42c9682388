import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { STANDALONE_MODULES } from "../../../vm/artifacts/initramfs.ts";
import { getKernel } from "../../../vm/artifacts/kernel.ts";
import { lacksModule } from "../../../vm/artifacts/modules.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { useOwnCache } from "../cache-sandbox.ts";

useOwnCache(test);

/** What a package depends on, and the files in it. */
type Packages = Readonly<Record<string, { depends?: string; files?: Readonly<Record<string, string>> }>>;

/** Puts an apt on the PATH that has these packages and no others. */
function useApt(t: ExecutionContext, packages: Packages): void {
  const folder = temporaryFolder(t);
  for (const [name, { depends = "libc6", files = {} }] of Object.entries(packages)) {
    mkdirSync(join(folder, name));
    mkdirSync(join(folder, name, "root"));
    writeFileSync(join(folder, name, "shown"), `Package: ${name}\nDepends: ${depends}\nSize: 1\n`);
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, name, "root", path);
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, content);
    }
  }
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const [name, script] of Object.entries({
    "apt-cache": `for name; do :; done; cat '${folder}/'"$name/shown"`,
    "apt-get": `for name; do case $name in linux-*) touch "$name.deb" ;; esac; done`,
    "dpkg-deb": `name=\${2##*/}; cp -r '${folder}/'"\${name%.deb}/root/." "$3"`,
  })) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const before = process.env.PATH;
  process.env.PATH = `${bin}:${before}`;
  t.teardown(() => {
    process.env.PATH = before;
  });
}

/** What the machine needs, as a kernel lists it that has all of it built in. */
const BUILT_IN = ["virtio_mmio", "virtio_pci", "virtio_blk", "virtio_console", "virtio_net", "fs/erofs/erofs"]
  .map((name) => `kernel/${name}.ko\n`)
  .join("");

const systems: Readonly<Record<string, Packages>> = {
  "Debian 12 and 13, which have a kernel in one package": {
    "linux-image-cloud-amd64": { depends: "linux-image-6.1.0-9-cloud-amd64 (= 6.1)" },
    "linux-image-6.1.0-9-cloud-amd64": {
      depends: "kmod, linux-base (>= 4.3) | initramfs-tools",
      files: {
        "boot/vmlinuz-6.1.0-9-cloud-amd64": "kernel",
        "lib/modules/6.1.0-9-cloud-amd64/modules.builtin": BUILT_IN,
        "lib/modules/6.1.0-9-cloud-amd64/kernel/a.ko": "module",
      },
    },
  },
  "Debian 14, which splits it": {
    "linux-image-cloud-amd64": { depends: "linux-image-7.2-cloud-amd64 (= 7.2)" },
    "linux-image-7.2-cloud-amd64": {
      depends: "linux-binary-7.2-cloud-amd64 (= 7.2), linux-modules-7.2-cloud-amd64, linux-base (>= 4)",
    },
    "linux-binary-7.2-cloud-amd64": { files: { "usr/lib/modules/7.2-cloud-amd64/vmlinuz": "kernel" } },
    "linux-modules-7.2-cloud-amd64": {
      depends: "linux-base-7.2-cloud-amd64",
      files: { "usr/lib/modules/7.2-cloud-amd64/kernel/a.ko": "module" },
    },
    "linux-base-7.2-cloud-amd64": { files: { "usr/lib/modules/7.2-cloud-amd64/modules.builtin": BUILT_IN } },
  },
  "Ubuntu 22.04, which has some modules in a package that is not asked for": {
    "linux-image-virtual": { depends: "linux-image-5.15.0-3-generic" },
    "linux-image-5.15.0-3-generic": {
      depends: "kmod, linux-modules-5.15.0-3-generic",
      files: { "boot/vmlinuz-5.15.0-3-generic": "kernel" },
    },
    "linux-modules-5.15.0-3-generic": {
      files: {
        "lib/modules/5.15.0-3-generic/modules.builtin": BUILT_IN.replace("kernel/fs/erofs/erofs.ko\n", ""),
        "lib/modules/5.15.0-3-generic/kernel/a.ko": "module",
      },
    },
    "linux-modules-extra-5.15.0-3-generic": {
      files: { "lib/modules/5.15.0-3-generic/kernel/fs/erofs/erofs.ko": "extra" },
    },
  },
  "Ubuntu, which has the modules in a package beside": {
    "linux-image-virtual": { depends: "linux-image-6.8.0-3-generic" },
    "linux-image-6.8.0-3-generic": {
      depends: "kmod, linux-modules-6.8.0-3-generic",
      files: { "boot/vmlinuz-6.8.0-3-generic": "kernel" },
    },
    "linux-modules-6.8.0-3-generic": {
      files: {
        "lib/modules/6.8.0-3-generic/modules.builtin": BUILT_IN,
        "lib/modules/6.8.0-3-generic/kernel/a.ko": "module",
      },
    },
  },
};

for (const [system, packages] of Object.entries(systems)) {
  test.serial(`a kernel and its modules come from ${system}`, async (t) => {
    useApt(t, packages);
    // A cache of its own, in which no kernel is.
    const before = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = temporaryFolder(t);
    t.teardown(() => {
      process.env.XDG_CACHE_HOME = before;
    });
    const { image, modules } = await getKernel({}, () => {});
    t.is(readFileSync(image, "utf8"), "kernel");
    t.is(readFileSync(join(modules, "kernel/a.ko"), "utf8"), "module");
    t.false(await lacksModule(modules, STANDALONE_MODULES));
    t.regex(readFileSync(join(image, "../package"), "utf8"), /^linux-image-\d.*\n$/);
  });
}

test.serial("a system without such a kernel fails with what to do", async (t) => {
  useApt(t, { "linux-image-cloud-amd64": { depends: "kmod" } });
  await t.throwsAsync(
    getKernel({}, () => {}),
    {
      code: "NO_KERNEL",
      message: /apt knows neither linux-image-cloud-amd64 nor linux-image-virtual; give one with --kernel/,
    },
  );
});
