/**
 * The oldest Node that `docteur/store`, `docteur/remote` and `docteur/vm` run on, as `MAJOR.MINOR`: that of Debian 13. The
 * command does not depend on it, since it runs on a Node of its own.
 *
 * The build compiles for this version, and the libraries check for it when they are loaded. Tests run them
 * under exactly this version, which is `node-minimum` in package.json, compare it with the documents, and
 * check by tsconfig.libraries.json that the sources use no later part of the language.
 */
export const LIBRARY_NODE = "20.19";
