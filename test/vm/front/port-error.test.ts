import test from "ava";
import { DocteurError } from "../../../reader/errors.ts";
import { isPortError, portError } from "../../../vm/front/port-error.ts";

for (const [cause, code, message] of [
  ["EADDRINUSE", "PORT_TAKEN", "127.0.0.1:80 is taken by another program; -p names another port"],
  ["EACCES", "PORT_FORBIDDEN", "127.0.0.1:80 is reserved for root; choose a port from 1024 to 65535"],
  ["EADDRNOTAVAIL", "ADDRESS_UNKNOWN", "127.0.0.1:80 is not an address of this host"],
  ["EAFNOSUPPORT", "ADDRESS_UNKNOWN", "127.0.0.1:80 needs IPv6, which this host does not have"],
  [
    "EINVAL",
    "ADDRESS_UNKNOWN",
    "127.0.0.1:80 is not an address of this host, or lacks its interface, as in [fe80::1%eth0]",
  ],
  ["EMFILE", "PUBLISH_FAILED", "127.0.0.1:80 cannot be published: EMFILE"],
] as const) {
  test(`a port that the system refuses with ${cause} fails with ${code}`, (t) => {
    const error = portError(Object.assign(new Error(cause), { code: cause }), "127.0.0.1:80");
    t.deepEqual([error.code, error.message], [code, message]);
    t.true(isPortError(error));
  });
}

test("the message names the option of the address, and other errors are not about ports", (t) => {
  const cause = Object.assign(new Error("EADDRINUSE"), { code: "EADDRINUSE" });
  t.regex(portError(cause, "127.0.0.1:80", "--admin").message, /; --admin names another port$/);
  t.false(isPortError(cause));
  t.false(isPortError(new DocteurError("MEMORY", "too little")));
});
