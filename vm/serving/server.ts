/** The program that takes the connections of its ports itself, and reports to the host. */
export const SERVER = "serve";
