/**
 * Whether a host, as a URL has it, is this machine by its name or number alone: `localhost`, a name below it (RFC
 * 6761, section 6.3), 127.0.0.0/8 or ::1.
 */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.*\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
