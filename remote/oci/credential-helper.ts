import { spawn } from "node:child_process";
import { SourceError } from "../../reader/source-error.ts";
import { Credentials } from "./credentials.ts";
import { parseJson } from "./json.ts";

/** Milliseconds for a helper to answer: it may ask its user, or a server. */
const DEADLINE = 30_000;

/** Bytes of an answer. */
const LARGEST = 1024 * 1024;

/** The user's name of an identity token (docker-credential-helpers, "Development"). */
const TOKEN_USER = "<token>";

export interface HelperOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** The file that names the helper, for messages. */
  readonly where: string;
  /** Milliseconds. */
  readonly deadline?: number | undefined;
}

/**
 * Asks the program `docker-credential-NAME` for what it has for a server.
 *
 * @returns undefined if it has nothing.
 * @throws {SourceError} `CREDENTIALS_UNREADABLE`: there is no such program, or it fails, or does not answer in time;
 * the signal's reason when aborted.
 */
export async function askHelper(
  name: string,
  server: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const refuse = (what: string) =>
    new SourceError(
      "CREDENTIALS_UNREADABLE",
      `the credential helper '${name}' of ${options.where} ${what}; mend it, or log in without it`,
    );
  // It is a part of a file's name, and goes to no shell.
  if (!/^[\w.-]+$/.test(name)) throw refuse("has a name that no program has");
  const { status, output } = await run(`docker-credential-${name}`, server, options, refuse);
  if (status !== 0) {
    // What helpers print of an unknown server; anything else may have a secret in it.
    if (/credentials not found|no usable|not found in native keychain/i.test(output)) return undefined;
    throw refuse(`fails with status ${status}`);
  }
  const { Username, Secret } = parseJson(output) ?? {};
  if (typeof Username !== "string" || typeof Secret !== "string")
    throw refuse("gives an answer that is none");
  if (Secret === "") return undefined;
  return Username === TOKEN_USER ? Credentials.identityToken(Secret) : Credentials.password(Username, Secret);
}

/**
 * Runs a program with a line on its standard input. If it does not end well, all that it has started ends
 * with it.
 */
async function run(
  program: string,
  input: string,
  { env, signal, deadline = DEADLINE }: HelperOptions,
  refuse: (what: string) => Error,
): Promise<{ status: number | null; output: string }> {
  signal?.throwIfAborted();
  // A group of its own, so that what it starts can be ended with it.
  const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"], detached: true });
  const pieces: Buffer[] = [];
  let length = 0;
  let stop = () => {};
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      const late = () => reject(refuse(`has not answered in ${deadline / 1000} s`));
      const timer = setTimeout(late, deadline);
      signal?.addEventListener("abort", abort, { once: true });
      stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      child.stdout.on("data", (piece: Buffer) => {
        length += piece.length;
        if (length > LARGEST) reject(refuse("gives an answer that is too long"));
        else pieces.push(piece);
      });
      child.on("error", ({ code }: NodeJS.ErrnoException) => {
        const what = code === "ENOENT" ? `is missing: there is no program ${program}` : `fails: ${code}`;
        reject(refuse(what));
      });
      child.on("close", resolve);
      child.stdin.on("error", () => {}); // it need not read
      child.stdin.end(`${input}\n`);
    });
    return { status, output: Buffer.concat(pieces).toString("utf8") };
  } catch (error) {
    killGroup(child.pid);
    child.stdout.destroy();
    throw error;
  } finally {
    stop();
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}
