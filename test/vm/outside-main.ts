// The guest's program, with one more program that looks for ways out of its machine.
import { start } from "../../guest/runtime/start.ts";
import { unikernels } from "../../guest/unikernels/index.ts";
import { outside } from "./outside.ts";

start({ ...unikernels, outside });
