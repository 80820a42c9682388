import { once } from "node:events";
import { createServer } from "node:net";
import test from "ava";
import { checkPort, portError } from "../../../vm/qemu/host-port.ts";
import { guestPorts, hostPorts, parsePortMapping } from "../../../vm/qemu/port-mapping.ts";
import { qemuArguments } from "../../../vm/qemu/qemu.ts";

for (const [text, address, port, guestPort] of [
  ["8080:80", "127.0.0.1", 8080, 80],
  ["0:80", "127.0.0.1", 0, 80],
  ["0.0.0.0:8080:80", "0.0.0.0", 8080, 80],
  ["localhost:8080:80", "127.0.0.1", 8080, 80],
  ["192.168.1.2:65535:65535", "192.168.1.2", 65535, 65535],
] as const) {
  test(`-p ${text} is parsed`, (t) => t.deepEqual(parsePortMapping(text), { address, port, guestPort }));
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
    t.throws(() => parsePortMapping(text), {
      code: "PUBLISH_MALFORMED",
      message: /\[ADDRESS:\]PORT:GUESTPORT/,
    });
  });
}

test("the program listens in the machine at every address, on the host at the one published", (t) => {
  const mappings = ["0:80", "0.0.0.0:8081:81"].map(parsePortMapping);
  t.deepEqual(guestPorts(mappings, [4711, 8081]), [
    { address: "0.0.0.0", port: 80, published: "127.0.0.1:4711" },
    { address: "0.0.0.0", port: 81, published: "0.0.0.0:8081" },
  ]);
  t.deepEqual(hostPorts(mappings), [
    { address: "127.0.0.1", port: 0 },
    { address: "0.0.0.0", port: 8081 },
  ]);
});

test("a port that is taken, and an address that is not this host's, are refused", async (t) => {
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

for (const [cause, code, message] of [
  ["EACCES", "PORT_FORBIDDEN", "127.0.0.1:80 is reserved for root; choose a port from 1024 to 65535"],
  ["EADDRNOTAVAIL", "ADDRESS_UNKNOWN", "127.0.0.1:80 is not an address of this host"],
  ["EMFILE", "PUBLISH_FAILED", "127.0.0.1:80 cannot be published: EMFILE"],
] as const) {
  test(`a port that the system refuses with ${cause} fails with ${code}`, (t) => {
    const error = portError(Object.assign(new Error(cause), { code: cause }), "127.0.0.1:80");
    t.deepEqual([error.code, error.message], [code, message]);
  });
}

test("a machine has a network only if it asks for one, and that network is restricted", (t) => {
  const machine = {
    kernel: "k",
    initramfs: "i",
    disks: [],
    accelerator: "tcg",
    memory: 512,
    devices: [],
  } as const;
  t.notRegex(qemuArguments(machine).join(" "), /netdev|virtio-net/);
  const portMappings = [parsePortMapping("8080:80"), parsePortMapping("0.0.0.0:81:81")];
  for (const args of [
    qemuArguments({ ...machine, network: true }),
    qemuArguments({ ...machine, network: true, portMappings }),
  ]) {
    t.is(args.filter((each) => each === "-netdev").length, 1);
    t.regex(args[args.indexOf("-netdev") + 1]!, /^user,id=network,restrict=on,ipv6=off/);
  }
  t.regex(
    qemuArguments({ ...machine, network: true, portMappings }).join(" "),
    /,hostfwd=tcp:127\.0\.0\.1:8080-:80,hostfwd=tcp:0\.0\.0\.0:81-:81 /,
  );
});
