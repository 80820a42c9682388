import { join } from "node:path";

export default {
  files: ["test/**/*.test.ts"],
  extensions: { ts: "module" },
  workerThreads: false,
  // One more than the two processors of a small machine: some tests wait, for a limit or a server.
  concurrency: 3,
  // Without any test coming to its end; a busy machine takes its time.
  timeout: "15m",
  environmentVariables: {
    // What the machine is made of is shared between tests and kept from run to run; the user's own cache stays as it is.
    XDG_CACHE_HOME: join(import.meta.dirname, "node_modules/.cache/docteur-test"),
    NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compile"),
  },
};
