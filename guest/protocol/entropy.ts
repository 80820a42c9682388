/** Bytes of entropy for the generators of the kernel and of OpenSSL. */
export const POOLS = 64;

/** Bytes of the state of V8's generator. */
export const V8_STATE = 16;

/** Bytes that the kernel gives a process (getauxval(3), `AT_RANDOM`). */
const AT_RANDOM_BYTES = 16;

/** Bytes of entropy in a RESUME frame. */
export const ENTROPY_LENGTH = POOLS + V8_STATE + AT_RANDOM_BYTES;
