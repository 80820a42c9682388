/**
 * The oldest Node that `docteur/store` and `docteur/vm` run on, as `MAJOR.MINOR`: Debian 13 has it. The command needs none of
 * this: it brings its own Node along.
 *
 * The build compiles for this Node and makes the libraries check for it. Tests run them under exactly this one, which is
 * `node-minimum` in package.json, and compare it with the documents.
 */
export const LIBRARY_NODE = "20.19";
