/** The virtio-serial port of the channel. */
export const CHANNEL_PORT = "docteur";

/** The virtio-serial port of the streams that carry connections. */
export const STREAMS_PORT = "docteur.streams";

/** The kernel argument with the request of a machine that a user starts by hand: the JSON in base64url. */
export const REQUEST_ARGUMENT = "docteur.run";

/** The kernel argument with the disk that holds the request, and the program, of an exported machine. */
export const PROGRAM_ARGUMENT = "docteur.program";

/** The ports of such machines for standard output and standard error, as plain bytes. Without them, the console. */
export const OUTPUT_PORT = "docteur.stdout";
export const ERROR_PORT = "docteur.stderr";

/**
 * The kernel argument of a machine that becomes a template: its guest detaches the image's disk until it
 * resumes.
 */
export const TEMPLATE_ARGUMENT = "docteur.template";
