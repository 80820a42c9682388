import test from "ava";
import fc from "fast-check";
import {
  type ListenAddress,
  parseAdminAddress,
  parsePortMapping,
  printAddress,
  unmapped,
} from "../../../vm/front/address.ts";

const tcp = (host: string, port: number): ListenAddress => ({ kind: "tcp", host, port });
const unix = (path: string): ListenAddress => ({ kind: "unix", path });
const LONGEST = `/${"a".repeat(106)}`;

const MAPPINGS: readonly (readonly [string, ListenAddress, number])[] = [
  ["8080:80", tcp("127.0.0.1", 8080), 80],
  ["0:80", tcp("127.0.0.1", 0), 80],
  ["0.0.0.0:8080:80", tcp("0.0.0.0", 8080), 80],
  ["localhost:8080:80", tcp("127.0.0.1", 8080), 80],
  ["192.168.1.2:65535:65535", tcp("192.168.1.2", 65535), 65535],
  ["[::1]:8080:80", tcp("::1", 8080), 80],
  ["[::]:0:1", tcp("::", 0), 1],
  ["[2001:db8::1]:443:8443", tcp("2001:db8::1", 443), 8443],
  ["[fe80::1%eth0]:8080:80", tcp("fe80::1%eth0", 8080), 80],
  ["[::ffff:127.0.0.1]:8080:80", tcp("127.0.0.1", 8080), 80],
  ["unix:/run/site.sock:80", unix("/run/site.sock"), 80],
  ["unix:site.sock:80", unix("site.sock"), 80],
  ["unix:../a b/s:80", unix("../a b/s"), 80],
  ["unix:/run/a:b:8080:80", unix("/run/a:b:8080"), 80],
  ["unix:[::1]:80:80", unix("[::1]:80"), 80],
  ["unix:8080:80", unix("8080"), 80],
  ["unix:naïve:80", unix("naïve"), 80],
  [`unix:${LONGEST}:80`, unix(LONGEST), 80],
  ["systemd:80", { kind: "systemd" }, 80],
  ["systemd:web:80", { kind: "systemd", name: "web" }, 80],
  ["systemd:docteur.socket:80", { kind: "systemd", name: "docteur.socket" }, 80],
];

for (const [text, address, guestPort] of MAPPINGS) {
  test(`-p ${text} is parsed`, (t) => t.deepEqual(parsePortMapping(text), { address, guestPort }));
}

for (const [text, why] of [
  ["", /no port of the machine/],
  ["8080", /no port of the machine/],
  ["80:", /machine's port is a number from 1 to 65535/],
  [":80", /a port is a number from 0 to 65535/],
  ["8080:0", /machine's port/],
  ["65536:80", /a port is a number/],
  ["8080:99999", /machine's port/],
  ["8080:65536", /machine's port/],
  ["100000:80", /a port is a number/],
  ["a:b", /machine's port/],
  ["a:80", /a port is a number/],
  ["::1:8080:80", /brackets/],
  [":::8080:80", /brackets/],
  ["[::1:8080:80", /brackets/],
  ["[]:8080:80", /neither an IPv4 address/],
  ["[127.0.0.1]:8080:80", /neither an IPv4 address/],
  ["[::1]:80", /a port is a number/],
  ["[::1]8080:80", /a port is a number/],
  ["[::g]:8080:80", /brackets/],
  ["256.1.1.1:1:2", /neither an IPv4 address/],
  ["010.0.0.1:1:2", /neither an IPv4 address/],
  ["1.2.3:1:2", /neither an IPv4 address/],
  ["host:1:2", /neither an IPv4 address/],
  ["*:1:2", /neither an IPv4 address/],
  ["1.2.3.4,x:1:2", /neither an IPv4 address/],
  [":8080:80", /neither an IPv4 address/],
  ["1:2:3:4", /brackets/],
  ["-1:80", /a port is a number/],
  ["+1:80", /a port is a number/],
  ["1e3:80", /a port is a number/],
  ["0x50:80", /a port is a number/],
  ["8080:80 ", /machine's port/],
  [" 8080:80", /a port is a number/],
  ["8080:٨٠", /machine's port/],
  ["unix:80", /path is missing/],
  ["unix::80", /path is missing/],
  ["unix:/run/:80", /path is missing/],
  ["unix:/run/site.sock", /machine's port/],
  ["unix:/run/site.sock:0", /machine's port/],
  ["unix:/run/a\nb:80", /control character/],
  ["unix:/run/a\0b:80", /control character/],
  [`unix:${LONGEST}a:80`, /at most 107 bytes, this one 108/],
  [`unix:/${"ï".repeat(54)}:80`, /at most 107 bytes, this one 109/],
  ["UNIX:/run/site.sock:80", /neither|port is a number/],
  ["systemd", /no port of the machine/],
  ["systemd:web", /machine's port/],
  ["systemd::80", /socket's name/],
  ["systemd:a:b:80", /socket's name/],
  [`systemd:${"a".repeat(256)}:80`, /socket's name/],
  ["systemd:é:80", /socket's name/],
  ["fd:3:80", /neither|port/],
] as const) {
  test(`-p ${JSON.stringify(text.slice(0, 40))} (${text.length}) is refused in one line`, (t) => {
    const { message } = t.throws(() => parsePortMapping(text), { code: "PUBLISH_MALFORMED" })!;
    t.regex(message, why);
    t.regex(message, /\[ADDRESS:\]PORT:GUESTPORT/);
    t.notRegex(message, /[\x00-\x1f]/);
  });
}

for (const [text, address] of [
  ["9090", tcp("127.0.0.1", 9090)],
  ["0", tcp("127.0.0.1", 0)],
  ["0.0.0.0:9090", tcp("0.0.0.0", 9090)],
  ["localhost:9090", tcp("127.0.0.1", 9090)],
  ["[::1]:9090", tcp("::1", 9090)],
  ["unix:/run/admin.sock", unix("/run/admin.sock")],
  ["unix:a:1", unix("a:1")],
  ["systemd:admin", { kind: "systemd", name: "admin" }],
] as const) {
  test(`--admin ${text} is parsed`, (t) => t.deepEqual(parseAdminAddress(text), address));
}

for (const text of [
  "",
  ":",
  "x",
  "9090:",
  ":9090",
  "65536",
  "::1:9090",
  "[::1]",
  "a:9090",
  "unix",
  "unix:",
  "unix:/run/",
  "systemd",
  "systemd:",
  "9090:80:1",
  "9090\n",
]) {
  test(`--admin ${JSON.stringify(text)} is refused in one line`, (t) => {
    const { message } = t.throws(() => parseAdminAddress(text), { code: "PUBLISH_MALFORMED" })!;
    t.regex(message, /--admin takes \[ADDRESS:\]PORT/);
    t.notRegex(message, /[\x00-\x1f]/);
  });
}

test("an address is printed as it is parsed", (t) => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6());
  const address = fc.oneof(
    fc.record({ kind: fc.constant("tcp" as const), host: host.map(unmapped), port: fc.nat(65535) }),
    fc.record({
      kind: fc.constant("unix" as const),
      path: fc.stringMatching(/^[ -~]{1,100}$/).filter((path) => !path.endsWith("/")),
    }),
    fc.record({ kind: fc.constant("systemd" as const), name: fc.stringMatching(/^[a-z.:]{1,9}$/) }),
  );
  fc.assert(
    fc.property(address, fc.integer({ min: 1, max: 65535 }), (each, guestPort) => {
      if (each.kind === "systemd" && each.name.includes(":")) {
        t.throws(() => parseAdminAddress(printAddress(each)));
        return;
      }
      t.deepEqual(parseAdminAddress(printAddress(each)), each);
      t.deepEqual(parsePortMapping(`${printAddress(each)}:${guestPort}`), { address: each, guestPort });
    }),
  );
});

test("any text is parsed or refused with one line", (t) => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        parsePortMapping(text);
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        t.is(code, "PUBLISH_MALFORMED");
        t.notRegex(message, /[\x00-\x1f\u2028]/);
      }
    }),
  );
});

test("an IPv6 address that stands for an IPv4 one is that one", (t) => {
  t.is(unmapped("::ffff:10.0.0.1"), "10.0.0.1");
  t.is(unmapped("::FFFF:10.0.0.1"), "10.0.0.1");
  t.is(unmapped("::ffff:10.0.0.256"), "::ffff:10.0.0.256");
  t.is(unmapped("::1"), "::1");
  t.is(unmapped("10.0.0.1"), "10.0.0.1");
});
