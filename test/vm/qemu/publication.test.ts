import { once } from "node:events";
import { createServer } from "node:net";
import test from "ava";
import { checkPort } from "../../../vm/qemu/network.ts";
import { guestPorts, hostPorts, parsePublication } from "../../../vm/qemu/publication.ts";
import { qemuArguments } from "../../../vm/qemu/qemu.ts";

for (const [text, address, port, guestPort] of [
  ["8080:80", "127.0.0.1", 8080, 80],
  ["0:80", "127.0.0.1", 0, 80],
  ["0.0.0.0:8080:80", "0.0.0.0", 8080, 80],
  ["localhost:8080:80", "127.0.0.1", 8080, 80],
  ["192.168.1.2:65535:65535", "192.168.1.2", 65535, 65535],
] as const) {
  test(`-p ${text}`, (t) => t.deepEqual(parsePublication(text), { address, port, guestPort }));
}

for (const text of [
  "",
  "8080",
  "80:",
  ":80",
  "8080:0",
  "65536:80",
  "8080:99999",
  "a:b",
  "[::1]:8080:80",
  "256.1.1.1:1:2",
  "1.2.3:1:2",
  "host:1:2",
  "1.2.3.4,x:1:2",
  "1:2:3:4",
  "-1:80",
  "8080:80 ",
]) {
  test(`-p '${text}' is refused`, (t) => {
    t.throws(() => parsePublication(text), {
      code: "PUBLISH_MALFORMED",
      message: /\[ADDRESS:\]PORT:GUESTPORT/,
    });
  });
}

test("the program listens in the machine at every address, on the host at the one published", (t) => {
  const publications = ["0:80", "0.0.0.0:8081:81"].map(parsePublication);
  t.deepEqual(guestPorts(publications, [4711, 8081]), [
    { address: "0.0.0.0", port: 80, published: "127.0.0.1:4711" },
    { address: "0.0.0.0", port: 81, published: "0.0.0.0:8081" },
  ]);
  t.deepEqual(hostPorts(publications), [
    { address: "127.0.0.1", port: 0 },
    { address: "0.0.0.0", port: 8081 },
  ]);
});

test("a port that is taken, or no port of this machine, is told", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const probe = (address: string, number: number) => checkPort({ address, port: number, guestPort: 80 });
  await t.throwsAsync(probe("127.0.0.1", port), {
    code: "PORT_TAKEN",
    message: `127.0.0.1:${port} is taken by another program; -p names another port`,
  });
  await t.throwsAsync(probe("192.0.2.1", 8080), { code: "ADDRESS_UNKNOWN" });
  await t.notThrowsAsync(probe("127.0.0.1", 0));
});

test("a machine has a network only if it is given one, and in it reaches nothing", (t) => {
  const machine = {
    kernel: "k",
    initramfs: "i",
    disks: [],
    accelerator: "tcg",
    memory: 512,
    devices: [],
  } as const;
  t.notRegex(qemuArguments(machine).join(" "), /netdev|virtio-net/);
  const published = [parsePublication("8080:80"), parsePublication("0.0.0.0:81:81")];
  for (const args of [
    qemuArguments({ ...machine, network: true }),
    qemuArguments({ ...machine, network: true, published }),
  ]) {
    t.is(args.filter((each) => each === "-netdev").length, 1);
    t.regex(args[args.indexOf("-netdev") + 1]!, /^user,id=network,restrict=on,ipv6=off/);
  }
  t.regex(
    qemuArguments({ ...machine, network: true, published }).join(" "),
    /,hostfwd=tcp:127\.0\.0\.1:8080-:80,hostfwd=tcp:0\.0\.0\.0:81-:81 /,
  );
});
