// The guest's program, and one more that looks for ways out of its machine.
import "./outside.ts";
import "../../guest/runtime/main.ts";
