// The guest's program, and one more that looks around in its machine.
import "./probe.ts";
import "../../guest/runtime/main.ts";
