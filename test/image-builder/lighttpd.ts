import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { program } from "./programs.ts";
import { GIT_ENVIRONMENT } from "./sandbox.ts";
import { answering, freePort } from "./servers.ts";

/** A web server with `git http-backend` behind it. */
export interface GitWebServer {
  readonly http: string;
  readonly https: string;
  /** The certificate of `https`, which signs itself; a file. */
  readonly certificate: string;
}

/** Whom the server knows under `/private`. */
export const USER = "ada";
export const PASSWORD = "p@ss/wörd %25'\"$HOME";

/**
 * Serves the repositories in a folder under `/`, and with basic authentication under `/private/`, by
 * lighttpd.
 */
export async function lighttpd(t: ExecutionContext, folder: string): Promise<GitWebServer> {
  const home = temporaryFolder(t);
  const certificate = await makeCertificate(home);
  const [port, securePort] = [await freePort(), await freePort()];
  const backend = join(home, "backend");
  writeFileSync(backend, backendScript(folder));
  chmodSync(backend, 0o755);
  mkdirSync(join(home, "documents"));
  writeFileSync(join(home, "users"), `${USER}:${PASSWORD}\n`);
  const { path, root, env } = await program("sbin/lighttpd");
  const configuration = join(home, "lighttpd.conf");
  writeFileSync(
    configuration,
    `server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_cgi", "mod_openssl")
server.document-root = "${home}/documents"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${home}/log"
server.upload-dirs = ("${home}")
alias.url = ("/private" => "${backend}", "/" => "${backend}/")
cgi.assign = ("backend" => "")
auth.backend = "plain"
auth.backend.plain.userfile = "${home}/users"
auth.require = ("/private" => ("method" => "basic", "realm" => "test", "require" => "valid-user"))
$SERVER["socket"] == "127.0.0.1:${securePort}" {
  ssl.engine = "enable"
  ssl.pemfile = "${home}/both.pem"
}
`,
  );
  const server = spawn(path, ["-D", "-f", configuration, "-m", join(root, "usr/lib/lighttpd")], {
    env: { ...GIT_ENVIRONMENT, ...env },
    stdio: "ignore",
  });
  t.teardown(async () => {
    server.kill("SIGKILL");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });
  await answering(port);
  return { http: `http://127.0.0.1:${port}`, https: `https://127.0.0.1:${securePort}`, certificate };
}

/** The program that lighttpd starts for each request; git finds the repository in what follows the alias. */
function backendScript(folder: string): string {
  return `#!/bin/sh
unset LD_LIBRARY_PATH
export GIT_PROJECT_ROOT='${folder}' GIT_HTTP_EXPORT_ALL=1
exec git http-backend
`;
}

/**
 * A key and a certificate for 127.0.0.1 that it signs itself. Gives the certificate's file; both.pem has key
 * and certificate.
 */
async function makeCertificate(home: string): Promise<string> {
  const { path, env } = await program("bin/openssl");
  const [key, certificate, settings] = ["key.pem", "certificate.pem", "settings"].map((name) =>
    join(home, name),
  ) as [string, string, string];
  writeFileSync(
    settings,
    `[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
CN = 127.0.0.1
[extensions]
subjectAltName = IP:127.0.0.1
basicConstraints = critical, CA:true
`,
  );
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync(path, ["req", "-x509", "-config", settings, ...kind, "-keyout", key, "-out", certificate], {
    env: { ...env, PATH: process.env.PATH },
    stdio: "pipe",
  });
  writeFileSync(join(home, "both.pem"), readFileSync(key, "latin1") + readFileSync(certificate, "latin1"));
  return certificate;
}
