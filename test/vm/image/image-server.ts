import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ExecutionContext } from "ava";
import { answerRange, startServer, type TestServer } from "../../remote/http/server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { type ImageVersion, makeVersions } from "../serving/versions.ts";

/** What a server does instead of the right answer. @returns whether it has answered. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, number: number) => boolean;

/** An image at an address. */
export interface ServedImage extends TestServer {
  readonly version: ImageVersion;
  /** Its address. */
  readonly url: string;
  /** Comes before each answer. */
  misbehave: Misbehaviour;
  /** What is there now, and its version. */
  content: Buffer;
  etag: string;
}

/** Serves the images of a site of 2 MiB, on loopback, until the test ends. */
export async function serveVersions(t: ExecutionContext, count = 1): Promise<[ServedImage, ImageVersion[]]> {
  const versions = await makeVersions(temporaryFolder(t), count);
  const version = versions[0]!;
  const served = {
    version,
    content: readFileSync(version.image),
    etag: '"0"',
    misbehave: () => false,
  } as unknown as ServedImage;
  const server = await startServer(t, (request, response, number) => {
    if (served.misbehave(request, response, number)) return;
    answerRange(request, response, { content: served.content, headers: { etag: served.etag } });
  });
  return [Object.assign(served, server, { url: `${server.origin}/site.img` }), versions];
}

/** The same for one image. */
export async function serveImage(t: ExecutionContext): Promise<ServedImage> {
  return (await serveVersions(t))[0];
}

/** Answers 503, cuts connections and bodies: every so many requests, none twice in a row. */
export const flaky: Misbehaviour = (_request, response, number) => {
  if (number % 5 === 2) response.writeHead(503).end();
  else if (number % 5 === 4) response.destroy();
  else return false;
  return true;
};

/** The server is gone: every connection is cut. */
export const gone: Misbehaviour = (_request, response) => {
  response.destroy();
  return true;
};
