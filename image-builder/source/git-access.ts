import type { RemoteEndpoint } from "./endpoint.ts";
import { type GitOptions, tryGit } from "./git.ts";

const USER = "DOCTEUR_GIT_USER";
const PASSWORD = "DOCTEUR_GIT_PASSWORD";

/**
 * A credential helper (gitcredentials(7)) of one use: a shell function that prints what stands in its
 * environment. Only the variables' names stand on its command line.
 */
const HELPER = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$${USER}" "$${PASSWORD}"; }; f`;

/**
 * How git is let in to a remote: settings and environment, both out of sight of other users, and what to
 * mask.
 */
export async function gitAccess(
  endpoint: RemoteEndpoint,
  signal?: AbortSignal,
): Promise<Pick<GitOptions, "config" | "env" | "secrets">> {
  const { credentials } = endpoint;
  if (credentials === undefined) return endpoint.transport === "ssh" ? { env: await quietSsh(signal) } : {};
  const { origin, user, password } = credentials;
  if (password === undefined) {
    // The user alone: the user's own helpers are asked for the password.
    return { config: [[`credential.${origin}.username`, user.reveal()]] };
  }
  return {
    config: [
      // None of the user's helpers: one that stores what worked would write this password to a file.
      ["credential.helper", ""],
      // For this server only: where it redirects to another, that one does not get the password.
      [`credential.${origin}.helper`, HELPER],
    ],
    env: { [USER]: user.reveal(), [PASSWORD]: password.reveal(), GIT_ASKPASS: "" },
    secrets: [password],
  };
}

/** Without a terminal, ssh must fail rather than wait for an answer; unless the user chose how ssh is run. */
async function quietSsh(signal?: AbortSignal): Promise<Record<string, string>> {
  const chosen = process.env.GIT_SSH_COMMAND ?? process.env.GIT_SSH;
  if (chosen !== undefined || process.stdin.isTTY) return {};
  const configured = await tryGit(["config", "--get", "core.sshCommand"], { signal });
  return configured.status === 0 ? {} : { GIT_SSH_COMMAND: "ssh -o BatchMode=yes" };
}
