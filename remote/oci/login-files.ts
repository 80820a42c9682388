import { homedir } from "node:os";
import { join } from "node:path";
import { SourceError } from "../../reader/source-error.ts";
import { FileTooLargeError, readSmallFile, SilentPipeError } from "../http/small-file.ts";
import { askHelper } from "./credential-helper.ts";
import { Credentials } from "./credentials.ts";
import { HUB_KEY, isHub } from "./docker-hub.ts";
import { type Json, objectOf, own, parseJson, textOf } from "./json.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes of a file that is read. */
const LARGEST = 4 * 1024 * 1024;

/**
 * The files that `podman login` and `docker login` write, the first one that is to count first
 * (containers-auth.json(5); Docker's command line reference, "docker login").
 */
function loginFiles(env: Environment): string[] {
  const home = env.HOME ?? homedir();
  const config = env.XDG_CONFIG_HOME || join(home, ".config");
  return [
    env.REGISTRY_AUTH_FILE || undefined,
    env.DOCKER_CONFIG ? join(env.DOCKER_CONFIG, "config.json") : undefined,
    env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, "containers/auth.json") : undefined,
    join(config, "containers/auth.json"),
    join(home, ".docker/config.json"),
  ].filter((path) => path !== undefined);
}

/**
 * What the user has logged in with. Undefined if there is nothing for this repository: many registries answer
 * anybody.
 *
 * @param registry as in the address. @param repository as in the address.
 * @throws {SourceError} `CREDENTIALS_UNREADABLE`: a file is there and malformed, or a credential helper fails.
 */
export async function findCredentials(
  registry: string,
  repository: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<Credentials | undefined> {
  const server = isHub(registry) ? HUB_KEY : registry;
  for (const path of loginFiles(env)) {
    const login = await readLogin(path, signal);
    if (login === undefined) continue;
    const helper = helperOf(login, registry, server);
    const found =
      helper === undefined ? undefined : await askHelper(helper, server, { env, signal, where: path });
    const credentials = found ?? stored(login, registry, repository, path);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** All that the login files have, for those who compare it. They hold secrets. */
export async function readLogins(env: Environment, signal?: AbortSignal): Promise<string[]> {
  const read = (path: string) => readSmallFile(path, { maximum: LARGEST, encoding: "latin1", signal });
  return await Promise.all(loginFiles(env).map((path) => read(path).catch(() => "")));
}

async function readLogin(path: string, signal: AbortSignal | undefined): Promise<Json | undefined> {
  let text: string;
  try {
    text = await readSmallFile(path, { maximum: LARGEST, encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof FileTooLargeError) throw malformed(path, `it has more than ${LARGEST} bytes`);
    if (error instanceof SilentPipeError) throw malformed(path, "it is a pipe, and nobody writes to it");
    // Not logged in by this program, or another user.
    return undefined;
  }
  const parsed = parseJson(text);
  if (parsed === undefined) throw malformed(path, "it is not a JSON object");
  return parsed;
}

function helperOf({ credHelpers, credsStore }: Json, registry: string, server: string): string | undefined {
  const helpers = objectOf(credHelpers) ?? {};
  return textOf(own(helpers, registry)) ?? textOf(own(helpers, server)) ?? textOf(credsStore);
}

/** What the file itself has. The keys may be hosts, URLs, and hosts with a part of the repository's name. */
function stored(
  { auths }: Json,
  registry: string,
  repository: string,
  path: string,
): Credentials | undefined {
  const entries = new Map(
    Object.entries(objectOf(auths) ?? {}).map(([key, entry]) => [hostOf(key), objectOf(entry)]),
  );
  for (const name of namesOf(registry, repository)) {
    const entry = entries.get(name);
    const credentials = entry === undefined ? undefined : fromEntry(entry, path);
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

/** `https://host/v1/` is `host`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
}

/** `host/a/b`, `host/a`, `host`; and what else Docker Hub is called. */
function namesOf(registry: string, repository: string): string[] {
  const parts = repository.split("/");
  const names = parts.map((_, i) => `${registry}/${parts.slice(0, parts.length - i).join("/")}`);
  return [
    ...names,
    registry,
    ...(isHub(registry) ? [hostOf(HUB_KEY), "docker.io", "registry-1.docker.io"] : []),
  ];
}

function fromEntry(entry: Json, path: string): Credentials | undefined {
  const identity = textOf(entry.identitytoken);
  if (identity !== undefined) return Credentials.identityToken(identity);
  const token = textOf(entry.registrytoken);
  if (token !== undefined) {
    // It becomes the value of a header.
    if (!/^[\x21-\x7e]+$/.test(token)) throw malformed(path, "it has a token with other than letters in it");
    return Credentials.registryToken(token);
  }
  const [user, password] = textOf(entry.auth) === undefined ? [] : userAndPassword(entry.auth as string);
  const name = user ?? textOf(entry.username);
  const secret = password ?? textOf(entry.password);
  return name === undefined || secret === undefined ? undefined : Credentials.password(name, secret);
}

/** `user:password` in base64, with a NUL behind it in files of old. */
function userAndPassword(auth: string): [string, string] | [] {
  const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = text.indexOf(":");
  return colon < 1 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}

function malformed(path: string, what: string): SourceError {
  return new SourceError(
    "CREDENTIALS_UNREADABLE",
    `the login file ${path} cannot be read: ${what}; log in again`,
  );
}
