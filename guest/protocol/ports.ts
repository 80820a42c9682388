/** The virtio-serial port of the channel. */
export const CHANNEL_PORT = "docteur";

/** The virtio-serial port of the streams that carry connections. */
export const STREAMS_PORT = "docteur.streams";

/** The kernel argument with the request of a machine that a user starts by hand: the JSON in base64url. */
export const REQUEST_ARGUMENT = "docteur.run";

/** The ports of such a machine for standard output and standard error, as plain bytes. */
export const OUTPUT_PORT = "docteur.stdout";
export const ERROR_PORT = "docteur.stderr";

/**
 * The kernel argument of a machine that becomes a template: its guest detaches the image's disk until it
 * resumes.
 */
export const TEMPLATE_ARGUMENT = "docteur.template";
