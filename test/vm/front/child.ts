import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, type NetConnectOpts } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { ExecutionContext } from "ava";

/** What `listen-in-child.ts` says: a line of JSON at a time. */
export interface Child {
  next(): Promise<Record<string, unknown>>;
  /** Lets it end. */
  end(): void;
}

/**
 * Starts `listen-in-child.ts`, which ends with the test.
 * @param prepare a line of shell that runs before it, in the same process.
 * @param descriptors what it gets from descriptor 3 on.
 */
export function startChild(
  t: ExecutionContext,
  mappings: readonly string[],
  prepare = "",
  descriptors: readonly number[] = [],
): Child {
  const script = join(import.meta.dirname, "listen-in-child.ts");
  const child = spawn("sh", ["-c", `${prepare}\nexec "$@"`, "sh", process.execPath, script, ...mappings], {
    stdio: ["pipe", "pipe", "inherit", ...descriptors],
  });
  const over = once(child, "close");
  t.teardown(async () => {
    child.stdin!.destroy();
    await over;
  });
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  return {
    end: () => child.stdin!.end(),
    next: async () => {
      const { value, done } = await lines.next();
      return done ? { ended: true } : JSON.parse(value);
    },
  };
}

/** Connects, and returns all that the server sends until it ends the connection. */
export async function exchange(options: NetConnectOpts, sent = ""): Promise<string> {
  const socket = createConnection(options);
  socket.end(sent);
  return text(socket);
}
