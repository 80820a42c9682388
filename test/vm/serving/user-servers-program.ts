/** A certificate of `localhost` that signs itself, for a hundred years. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIULyhixjvsmOVAkJjJBvYpICWUTMYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjEyNTczOVoYDzIxMjYxMTAy
MTI1NzM5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARp5C7yqzjwdhHYFBDrBJUTy6gPQn9q5R/gZU2bgOEA+QXLVvJ94I+s
vNUc5r3xJSsJXRtOWN1c0TFZlZTijjOUo2kwZzAdBgNVHQ4EFgQUpLhMfFfqajZU
aYYswdI91gYGYwEwHwYDVR0jBBgwFoAUpLhMfFfqajZUaYYswdI91gYGYwEwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhAOAfF+u6n3/Bf7NVC8y4zQwW3dUHVOjTLsTzm6pJEX27AiALMMmdZUD+
JC06NiCAnG6jTO2j2cfaon7LhTTvdqzPjg==
-----END CERTIFICATE-----
`;

/** Its key, which protects nothing but these tests. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1hAZ31YJ67NUBStQ
RMQzW50HWBu95kCMIbkhjRB/5FOhRANCAARp5C7yqzjwdhHYFBDrBJUTy6gPQn9q
5R/gZU2bgOEA+QXLVvJ94I+svNUc5r3xJSsJXRtOWN1c0TFZlZTijjOU
-----END PRIVATE KEY-----
`;

/** Bytes that go up and down. */
export const LENGTH = 2 * 1024 * 1024;

/** The ports of the machine, by what is there. */
export const GUEST_PORTS = {
  echo: 7001,
  digest: 7002,
  download: 7003,
  greeting: 7004,
  http: 8080,
  https: 8443,
  http2: 8444,
  late: 9001,
  nothing: 9002,
  end: 9003,
} as const;

/** A program with a server of each kind, each written as for any other machine. */
export const PROGRAM = `
import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { createServer } from "node:net";

const PORTS = ${JSON.stringify(GUEST_PORTS)};
const tls = { key: ${JSON.stringify(KEY)}, cert: ${JSON.stringify(CERTIFICATE)} };
const tellPeer = (request, response) => {
  const { remoteAddress, remotePort, remoteFamily } = request.socket;
  response.end(JSON.stringify({ remoteAddress, remotePort, remoteFamily, path: request.url }));
};

export default async ({ ports, console }) => {
  const net = (port, onConnection) =>
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      onConnection(socket);
    }).listen(port);
  net(PORTS.echo, (socket) => socket.pipe(socket));
  net(PORTS.digest, (socket) => {
    const hash = createHash("sha256");
    socket.on("data", (piece) => {
      hash.update(piece);
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.on("end", () => socket.end(hash.digest("hex")));
  });
  net(PORTS.download, (socket) => socket.end(Buffer.alloc(${LENGTH}, "0123456789")));
  createServer((socket) => {
    socket.on("error", () => {});
    socket.end("hello " + socket.remoteAddress + " " + socket.remotePort);
  }).listen(PORTS.greeting, "::1");
  createHttpServer(tellPeer).listen(PORTS.http);
  createHttpsServer(tls, tellPeer).listen(PORTS.https, "127.0.0.1");
  createSecureServer(tls, tellPeer).listen(PORTS.http2, "localhost");
  setTimeout(() => net(PORTS.late, (socket) => socket.end("late")), 1000);
  const ended = new Promise((resolve) => net(PORTS.end, (socket) => socket.once("data", () => resolve(7))));
  console.write(JSON.stringify(ports.map(({ port, published }) => [port, published])) + "\\n");
  return ended;
};
`;
