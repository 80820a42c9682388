/** The virtio-serial port to the host. */
export const CHANNEL_PORT = "docteur";

/** The kernel argument that carries a request when no docteur is at the other end: the JSON in base64url. */
export const REQUEST_ARGUMENT = "docteur.run";

/** The ports that then carry output and errors, as plain bytes. */
export const OUTPUT_PORT = "docteur.stdout";
export const ERROR_PORT = "docteur.stderr";

/** The kernel argument of a machine that becomes a template: its guest lets go of the image's disk until the machine resumes. */
export const TEMPLATE_ARGUMENT = "docteur.template";
