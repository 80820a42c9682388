// The guest's program, with one more program that reports what it sees of its machine.
import { start } from "../../guest/runtime/start.ts";
import { unikernels } from "../../guest/unikernels/index.ts";
import { probe } from "./probe.ts";

start({ ...unikernels, probe });
