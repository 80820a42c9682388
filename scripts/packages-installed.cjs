// Ends with status 0 if node_modules holds what package-lock.json names, as npm itself recorded it when it was last at
// work there. Runs under the machine's own Node, before the pinned one is there.
const { readFileSync } = require("node:fs");

const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
const forThisMachine = ({ os = ["linux"], cpu = ["x64"], libc = ["glibc"] }) =>
  os.includes("linux") && cpu.includes("x64") && libc.includes("glibc");

try {
  const { "": _root, ...wanted } = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  const same =
    Object.keys(installed).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, entry]) =>
      path in installed
        ? installed[path].version === entry.version
        : entry.optional === true && !forThisMachine(entry),
    );
  process.exitCode = same ? 0 : 1;
} catch {
  process.exitCode = 1; // nothing installed, or by another tool
}
