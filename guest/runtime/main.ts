// The guest's program, with the programs that ship with docteur. The bundle is made from this file.
import { unikernels } from "../unikernels/index.ts";
import { start } from "./start.ts";

start(unikernels);
