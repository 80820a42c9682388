import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Options } from "execa";
import { FIXTURES } from "../fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { docteur } from "./docteur.ts";

const SMALL = join(FIXTURES, "small.img");

/** A program that does what its first argument says: everything that a program may do to end, and to tell. */
export const KINDS = `import { setTimeout as wait } from "node:timers/promises";
import type { Unikernel } from "docteur/guest";
import { NotFoundError } from "docteur/store";

const top: string = await Promise.resolve("awaited at the top");

function fail(how: string): never {
  throw new Error(\`it failed: \${how}\`);
}

export default (async (context) => {
  const { store, fs, args, console: out, env, stdin } = context;
  switch (args[0]) {
    case "throw":
      fail("at once");
    case "reject":
      await wait(1);
      fail("later");
    case "timer":
      setTimeout(() => fail("in a timer"), 1);
      return wait(60_000, 0);
    case "unhandled":
      void Promise.reject(new TypeError("nobody awaits it"));
      return wait(60_000, 0);
    case "cause":
      throw new Error("outer", { cause: new Error("inner") });
    case "thing":
      throw { not: "an error" };
    case "own handler":
      process.on("uncaughtException", (error) => {
        console.log(\`handled: \${error.message}\`);
        process.exit(4);
      });
      setTimeout(() => fail("in a timer"), 1);
      return wait(60_000, 0);
    case "missing":
      try {
        store.get("/nope");
      } catch (error) {
        out.write(\`\${error instanceof NotFoundError}\\n\`);
        throw error;
      }
      break;
    case "return":
      return args[1] === undefined ? undefined : Number(args[1]);
    case "exit":
      process.on("exit", (status) => out.write(\`exit \${status}\\n\`));
      out.write("x".repeat(3_000_000));
      process.exit(Number(args[1]));
    case "exitCode":
      process.exitCode = 9;
      return;
    case "surroundings":
      console.log(JSON.stringify({ env, processEnv: process.env, argv: process.argv.slice(1), top }));
      console.error("to standard error");
      process.stdout.write(new Uint8Array([0, 255, 10]));
      return;
    case "count": {
      let length = 0;
      for await (const piece of stdin) length += piece.length;
      out.write(\`\${length}\\n\`);
      return;
    }
    case "read two ways":
      out.write(\`\${fs.readFileSync("/a.txt", "utf8") === Buffer.from(store.get("/a.txt")).toString()}\\n\`);
      return;
    case "signal":
      out.write("up\\n");
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      out.write(\`asked by \${context.signal.reason}\\n\`);
      return 5;
    case "listener":
      process.on("SIGTERM", () => process.exit(6));
      out.write("up\\n");
      return wait(60_000, 0);
    case "deaf":
      context.signal.addEventListener("abort", () => {});
      out.write("up\\n");
      return wait(60_000, 0);
    case "busy":
      context.signal;
      out.write("up\\n");
      for (;;);
  }
}) satisfies Unikernel;
`;

/**
 * A folder with \`kinds.ts\` in it, and a way to run a program there, on the host unless \`target\` says
 * otherwise.
 */
export function programFolder(t: ExecutionContext, target: "unix" | "qemu" = "unix") {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "kinds.ts"), KINDS);
  return {
    folder,
    run: (program: readonly string[], options: readonly string[] = [], more: Options = {}) =>
      docteur(["run", "-t", target, ...options, SMALL, ...program], { cwd: folder, ...more }),
  };
}
