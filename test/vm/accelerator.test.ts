import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { chooseAccelerator } from "../../vm/accelerator.ts";
import { useOwnCache } from "./cache-sandbox.ts";

const root = useOwnCache(test);

function host(name: string, works: boolean) {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const file = (each: string) => {
    writeFileSync(join(folder, each), each);
    return join(folder, each);
  };
  let trials = 0;
  const kvm = {
    device: file("kvm"),
    boots: async () => {
      trials++;
      return works;
    },
  };
  const kernel = { image: file("vmlinuz"), modules: folder };
  return {
    kernel,
    kvm,
    trials: () => trials,
    choose: () => chooseAccelerator(kernel, "busybox", () => {}, kvm),
  };
}

test.serial("KVM is used if a kernel boots in it, and that is tried once", async (t) => {
  const { choose, trials } = host("works", true);
  t.is(await choose(), "kvm");
  t.is(await choose(), "kvm");
  t.is(trials(), 1);
});

test.serial("KVM that hangs is tried once too, and again with another kernel", async (t) => {
  const { choose, trials, kernel } = host("pretends", false);
  writeFileSync(kernel.image, "another kernel");
  t.is(await choose(), "tcg");
  t.is(await choose(), "tcg");
  t.is(trials(), 1);
  writeFileSync(kernel.image, "yet another kernel");
  t.is(await choose(), "tcg");
  t.is(trials(), 2);
});

test.serial("a damaged verdict in the cache is ignored", async (t) => {
  const { choose, trials } = host("damaged", true);
  for (const content of ["{", "null", '{"key":"x","verdict":"kvm"}']) {
    writeFileSync(join(root, "accelerator.json"), content);
    t.is(await choose(), "kvm");
  }
  t.is(trials(), 3);
});

test.serial("a host without /dev/kvm tries nothing", async (t) => {
  const { kernel, kvm, trials } = host("lacks", true);
  const without = { ...kvm, device: join(root, "missing") };
  t.is(await chooseAccelerator(kernel, "busybox", () => {}, without), "tcg");
  t.is(trials(), 0);
});
