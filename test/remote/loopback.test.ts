import test from "ava";
import { isLoopback } from "../../remote/loopback.ts";

test("the names and numbers of this machine, and those that only look like them", (t) => {
  for (const hostname of ["localhost", "a.b.localhost", "127.0.0.1", "127.255.0.9", "[::1]"]) {
    t.true(isLoopback(hostname), hostname);
  }
  for (const hostname of [
    "localhost.example.com",
    "alocalhost",
    "127.0.0.1.example.com",
    "128.0.0.1",
    "10.127.0.0.1",
    "[::2]",
    "[::ffff:7f00:1]",
    "",
  ]) {
    t.false(isLoopback(hostname), hostname);
  }
});
