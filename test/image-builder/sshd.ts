import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { program } from "./programs.ts";
import { GIT_ENVIRONMENT } from "./sandbox.ts";
import { answering, freePort } from "./servers.ts";

/** An ssh server that lets one user in, by a key. */
export interface SshServer {
  readonly user: string;
  readonly port: number;
  /**
   * A client's configuration: knows the server and its port under `127.0.0.1` and `git-server`, and has the
   * key.
   */
  readonly configuration: string;
  /** One that lacks the key. */
  readonly withoutKey: string;
}

/** Debian's `nobody`: root cannot log in to an sshd that runs with what little a test sets up for it. */
const NOBODY = 65534;

/**
 * Lets git in to the repositories of this machine by sshd. The server does not run as root; who it runs as
 * gets, for it alone, a name and a shell (libnss-wrapper).
 */
export async function sshd(t: ExecutionContext): Promise<SshServer> {
  // LD_PRELOAD knows no way to write a space.
  const home = temporaryFolder(t, "docteur-test-sshd-");
  const uid = process.getuid!() === 0 ? NOBODY : process.getuid!();
  const gid = process.getuid!() === 0 ? NOBODY : process.getgid!();
  chmodSync(home, 0o755);
  const server = join(home, "server");
  const keygen = await program("bin/ssh-keygen");
  const [hostKey, userKey] = [join(home, "host"), join(home, "user")];
  for (const key of [hostKey, userKey]) {
    const options = ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key];
    execFileSync(keygen.path, options, { env: { ...keygen.env, PATH: process.env.PATH }, stdio: "pipe" });
  }
  mkdirSync(server);
  const port = await freePort();
  const { path, root } = await program("sbin/sshd");
  // Where it is kept, nobody but the user may look.
  const installed = join(home, "installed");
  cpSync(path, join(installed, "sshd"));
  // OpenSSH is several programs from 9.8 on.
  const helpers = [
    ["SshdSessionPath", "sshd-session"],
    ["SshdAuthPath", "sshd-auth"],
  ] as const;
  const helperPaths = helpers.flatMap(([setting, name]) => {
    const helper = join(root, "usr/lib/openssh", name);
    if (!existsSync(helper)) return [];
    cpSync(helper, join(installed, name));
    return `${setting} "${join(installed, name)}"\n`;
  });
  for (const folder of ["usr/lib", "lib"]) {
    const libraries = join(root, folder, "x86_64-linux-gnu");
    if (existsSync(libraries))
      cpSync(libraries, join(installed, "lib"), { recursive: true, dereference: true });
  }
  writeFileSync(join(server, "passwd"), `git:x:${uid}:${gid}::${server}:/bin/sh\n`);
  writeFileSync(join(server, "group"), `git:x:${gid}:\n`);
  writeFileSync(join(server, "authorized_keys"), readFileSync(`${userKey}.pub`));
  writeFileSync(
    join(server, "configuration"),
    `ListenAddress 127.0.0.1
Port ${port}
HostKey "${hostKey}"
PidFile none
LogLevel ERROR
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile "${server}/authorized_keys"
SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*
${helperPaths.join("")}`,
  );
  chownSync(hostKey, uid, gid);
  const daemon = spawn(join(installed, "sshd"), ["-D", "-e", "-f", join(server, "configuration")], {
    ...(process.getuid!() === 0 ? { uid, gid } : {}),
    env: {
      ...GIT_ENVIRONMENT,
      LD_LIBRARY_PATH: join(installed, "lib"),
      LD_PRELOAD: join(installed, "lib/libnss_wrapper.so"),
      NSS_WRAPPER_PASSWD: join(server, "passwd"),
      NSS_WRAPPER_GROUP: join(server, "group"),
    },
    stdio: "ignore",
  });
  t.teardown(async () => {
    daemon.kill("SIGKILL");
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
  });
  await answering(port);

  const known = join(home, "known_hosts");
  writeFileSync(known, `[127.0.0.1]:${port} ${readFileSync(`${hostKey}.pub`, "latin1")}`);
  const common = `Host git-server
  HostName 127.0.0.1
  Port ${port}
Host *
  UserKnownHostsFile "${known}"
  StrictHostKeyChecking yes
  IdentitiesOnly yes
  IdentityAgent none
`;
  const configuration = join(home, "with-key");
  const withoutKey = join(home, "without-key");
  writeFileSync(configuration, `${common}  IdentityFile "${userKey}"\n`);
  writeFileSync(withoutKey, `${common}  IdentityFile none\n`);
  return { user: "git", port, configuration, withoutKey };
}

/** The command that runs ssh with a configuration, as git's `core.sshCommand` has it. */
export async function sshCommand(configuration: string): Promise<string> {
  const { path, env } = await program("bin/ssh");
  return `LD_LIBRARY_PATH='${env.LD_LIBRARY_PATH}' '${path}' -o BatchMode=yes -F '${configuration}'`;
}

/** Has git use that ssh for the rest of this test file, also where none is installed. */
export async function useSsh(): Promise<void> {
  process.env.GIT_SSH_COMMAND = await sshCommand("/dev/null");
}
