import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExecutionContext } from "ava";
import { type OciAddress, parseImageAddress } from "../../../remote/address.ts";

/** A request that a server has got. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly headers: IncomingMessage["headers"];
}

/** Answers instead of the registry; false lets the registry answer. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** How a test registry differs from a plain one. */
export interface TestRegistryOptions {
  /** `user:password` that it wants, as a password or for a token. Default: it lets anybody in. */
  readonly basic?: string;
  readonly bearer?: {
    /** `user:password`; undefined gives tokens to anybody. */
    readonly user?: string;
    readonly refreshToken?: string;
    readonly expiresIn?: number;
    readonly scope?: string;
  };
  /** Redirects reads of blobs to a server of another origin. */
  readonly storage?: boolean;
  readonly minimalChunk?: number;
  readonly intercept?: Intercept;
}

/** What has come of a blob. */
class Upload {
  #pieces: Buffer[] = [];
  length = 0;

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  set bytes(bytes: Buffer) {
    this.#pieces = [bytes];
    this.length = bytes.length;
  }
}

/** A registry in this process (OCI distribution specification 1.1), with what tests want to see and to break. */
export class TestRegistry {
  readonly seen: Seen[] = [];
  readonly storageSeen: Seen[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { bytes: Buffer; type: string }>();
  readonly uploads = new Map<string, Upload>();
  readonly tokens = new Set<string>();
  /** What uploads have brought, in bytes. */
  received = 0;
  intercept: Intercept | undefined;
  /** Bytes of an upload after which its connection is cut. */
  cutAfter: ((request: IncomingMessage) => number | undefined) | undefined;
  host = "";
  storageOrigin = "";
  readonly #options: TestRegistryOptions;

  private constructor(options: TestRegistryOptions) {
    this.#options = options;
    this.intercept = options.intercept;
  }

  static async start(t: ExecutionContext, options: TestRegistryOptions = {}): Promise<TestRegistry> {
    const registry = new TestRegistry(options);
    registry.host = await listen(
      t,
      createServer((request, response) => registry.#handle(request, response)),
    );
    const storage = createServer((request, response) => registry.#store(request, response));
    registry.storageOrigin = `http://${await listen(t, storage)}`;
    return registry;
  }

  address(rest = "docs/site:v1"): OciAddress {
    return parseImageAddress(`oci://${this.host}/${rest}`) as OciAddress;
  }

  /** Puts a blob there. @returns its digest. */
  blob(bytes: Uint8Array): string {
    const digest = sha256(bytes);
    this.blobs.set(digest, Buffer.from(bytes));
    return digest;
  }

  /** Puts a manifest there, under a reference and under its digest. @returns its digest. */
  manifest(reference: string, value: unknown, type = "application/vnd.oci.image.manifest.v1+json"): string {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = sha256(bytes);
    for (const key of [reference, digest]) this.manifests.set(key, { bytes, type });
    return digest;
  }

  /** Puts a container image there whose one layer has these bytes. */
  image(reference: string, layer: Uint8Array, mediaType = "application/vnd.oci.image.layer.v1.tar"): string {
    const config = Buffer.from("{}");
    return this.manifest(reference, {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        digest: this.blob(config),
        size: config.length,
      },
      layers: [{ mediaType, digest: this.blob(layer), size: layer.length }],
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on("error", () => {});
    this.seen.push(seenOf(request));
    if ((await this.intercept?.(request, response)) === true) return;
    const url = new URL(request.url!, `http://${this.host}`);
    if (url.pathname === "/token") return await this.#token(request, response, url);
    if (!this.#isLetIn(request)) return this.#challenge(response);
    const [, , kind, rest] = /^\/v2\/(.+?)\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    if (kind === "manifests") return await this.#manifests(request, response, rest!);
    if (rest?.startsWith("uploads/")) return await this.#uploads(request, response, rest.slice(8), url);
    if (kind === "blobs") return this.#blob(request, response, rest!);
    end(response, 404);
  }

  #isLetIn(request: IncomingMessage): boolean {
    const { basic, bearer } = this.#options;
    const given = request.headers.authorization;
    if (basic !== undefined) return given === basicOf(basic);
    if (bearer !== undefined) return this.tokens.has(given?.replace("Bearer ", "") ?? "");
    return true;
  }

  #challenge(response: ServerResponse): void {
    const scope = this.#options.bearer?.scope ?? "repository:docs/site:pull";
    const bearer = `Bearer realm="http://${this.host}/token",service="test registry, one",scope="${scope}"`;
    const challenge = this.#options.bearer === undefined ? 'Basic realm="test"' : bearer;
    end(response, 401, { "www-authenticate": challenge });
  }

  async #token(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { user, refreshToken, expiresIn } = this.#options.bearer ?? {};
    const form =
      request.method === "POST" ? new URLSearchParams((await bodyOf(request)).toString()) : undefined;
    const isRight =
      refreshToken !== undefined
        ? form?.get("grant_type") === "refresh_token" && form.get("refresh_token") === refreshToken
        : user === undefined || request.headers.authorization === basicOf(user);
    const service = (form ?? url.searchParams).get("service");
    if (!isRight || service !== "test registry, one") return end(response, 401);
    const token = randomBytes(12).toString("hex");
    this.tokens.add(token);
    const answer = refreshToken === undefined ? { token } : { access_token: token };
    response.end(JSON.stringify({ ...answer, ...(expiresIn !== undefined && { expires_in: expiresIn }) }));
  }

  async #manifests(request: IncomingMessage, response: ServerResponse, reference: string): Promise<void> {
    if (request.method === "PUT") {
      const bytes = await bodyOf(request);
      const type = request.headers["content-type"] ?? "";
      for (const key of [reference, sha256(bytes)]) this.manifests.set(key, { bytes, type });
      return end(response, 201, { "docker-content-digest": sha256(bytes) });
    }
    const found = this.manifests.get(reference);
    if (found === undefined) return end(response, 404);
    const headers = { "content-type": found.type, "docker-content-digest": sha256(found.bytes) };
    response.writeHead(200, { ...headers, "content-length": found.bytes.length });
    response.end(request.method === "HEAD" ? undefined : found.bytes);
  }

  #blob(request: IncomingMessage, response: ServerResponse, digest: string): void {
    if (!this.blobs.has(digest)) end(response, 404);
    else if (this.#options.storage && request.method === "GET") {
      end(response, 307, { location: `${this.storageOrigin}/${digest}?signature=SECRET-SIGNATURE` });
    } else sendRange(request, response, this.blobs.get(digest)!);
  }

  #store(request: IncomingMessage, response: ServerResponse): void {
    this.storageSeen.push(seenOf(request));
    sendRange(
      request,
      response,
      this.blobs.get(new URL(request.url!, this.storageOrigin).pathname.slice(1))!,
    );
  }

  async #uploads(request: IncomingMessage, response: ServerResponse, id: string, url: URL): Promise<void> {
    const { minimalChunk } = this.#options;
    if (request.method === "POST") {
      const name = randomBytes(8).toString("hex");
      this.uploads.set(name, new Upload());
      return end(response, 202, {
        location: `/v2/docs/site/blobs/uploads/${name}?state=0`,
        ...(minimalChunk !== undefined && { "oci-chunk-min-length": String(minimalChunk) }),
      });
    }
    const upload = this.uploads.get(id);
    if (upload === undefined) return end(response, 404);
    const location = () => `/v2/docs/site/blobs/uploads/${id}?state=${upload.length}`;
    const range = () => `0-${Math.max(0, upload.length - 1)}`;
    if (request.method === "GET") return end(response, 204, { location: location(), range: range() });
    if (request.method === "DELETE") return end(response, this.uploads.delete(id) ? 204 : 404);
    const [, first] = /^(\d+)-/.exec(request.headers["content-range"] ?? "") ?? [];
    if (first !== undefined && Number(first) !== upload.length) {
      request.resume();
      return end(response, 416, { location: location(), range: range() });
    }
    const cutAfter = this.cutAfter?.(request) ?? Number.POSITIVE_INFINITY;
    let got = 0;
    try {
      for await (const piece of request) {
        upload.add(piece);
        this.received += piece.length;
        got += piece.length;
        if (got > cutAfter) request.destroy();
      }
    } catch {
      return; // the client, or a fault of the test, has cut the connection
    }
    if (request.method === "PATCH") return end(response, 202, { location: location(), range: range() });
    const digest = url.searchParams.get("digest")!;
    this.uploads.delete(id);
    const { bytes } = upload;
    if (sha256(bytes) !== digest) return end(response, 400);
    this.blobs.set(digest, bytes);
    end(response, 201, { "docker-content-digest": digest });
  }
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function basicOf(user: string): string {
  return `Basic ${Buffer.from(user).toString("base64")}`;
}

/** Answers with a status and headers alone. */
export function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers);
  response.end();
}

/** Answers with bytes, or the range of them that was asked for. */
export function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const isHead = request.method === "HEAD";
  if (first === undefined) {
    response.writeHead(200, { "content-length": bytes.length });
    response.end(isHead ? undefined : bytes);
    return;
  }
  const part = bytes.subarray(Number(first), Number(last) + 1);
  const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`;
  response.writeHead(206, { "content-range": range, "content-length": part.length });
  response.end(part);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

function seenOf({ method, url, headers }: IncomingMessage): Seen {
  return { method: method!, url: url!, authorization: headers.authorization, headers };
}

async function listen(t: ExecutionContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
