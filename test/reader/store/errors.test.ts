import test from "ava";
import { openSample } from "./methods/sample.ts";

for (const path of ["no\nline", "no\r\u001b[2J", Buffer.from([0x0a, 0xff])]) {
  test(`a message that names the path ${JSON.stringify(path)} is one line`, (t) => {
    const error = t.throws(() => openSample().get(path), { code: "NOT_FOUND" });
    t.regex(error.message, /^[^\p{Cc}]+: not found$/u);
  });
}

test("a message shows the beginning of a long path", (t) => {
  const error = t.throws(() => openSample().get("x".repeat(100_000)), { code: "NOT_FOUND" });
  t.regex(error.message, /^x{300}\.\.\.: not found$/);
});
