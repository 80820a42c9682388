import test from "ava";
import { signalStatus } from "../../../guest/protocol/signal-status.ts";

test("the status is what a shell has for a program that a signal ended", (t) => {
  t.is(signalStatus("SIGINT"), 130);
  t.is(signalStatus("SIGTERM"), 143);
});

test("a name that is no signal's has no status", (t) => {
  for (const name of ["SIGNONE", "", undefined, new Error("SIGINT")]) t.is(signalStatus(name), undefined);
});
