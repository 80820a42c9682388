export { HEADLESS as SHA1DC } from "./headless.ts";
