/**
 * Listens as `docteur run -p` does, for tests of what a process inherits and of its limits:
 *
 *     node listen-in-child.ts ADDRESS:GUESTPORT...
 *
 * Writes a line of JSON about each listener, each note and what a child process inherits; sends each client
 * a line about itself, and keeps the connection. Ends with its standard input.
 */
import { execFileSync } from "node:child_process";
import { parsePortMapping } from "../../../vm/front/address.ts";
import { assignSockets } from "../../../vm/front/assign-sockets.ts";
import { listenAll } from "../../../vm/front/listen.ts";
import { takeSystemdSockets } from "../../../vm/front/systemd-sockets.ts";

const say = (what: object) => console.log(JSON.stringify(what));
try {
  const mappings = process.argv.slice(2).map(parsePortMapping);
  const sockets = takeSystemdSockets();
  const addresses = assignSockets(
    mappings.map(({ address }) => address),
    sockets,
  );
  const listeners = await listenAll(addresses.flat(), {
    onConnection: (socket, peer) => {
      socket.write(`${JSON.stringify(peer ?? null)}\n`);
      socket.resume();
      socket.on("end", () => socket.end());
    },
    note: (note) => say({ note }),
  });
  const script = "env | grep ^LISTEN_; readlink /proc/$$/fd/[3-9] | grep ^socket; true";
  const inherited = execFileSync("sh", ["-c", script], { encoding: "utf8" });
  say({ inherited, published: listeners.map(({ published }) => published) });
  process.stdin.resume().once("end", () => process.exit());
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  say({ code, message });
}
