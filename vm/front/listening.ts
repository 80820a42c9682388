import type { ListenOptions, Server } from "node:net";

/** Makes a server listen, and resolves when it does; rejects if the system refuses. */
export function listening(server: Server, options: ListenOptions & { fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
