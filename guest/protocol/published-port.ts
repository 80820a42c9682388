/** A port where a program may listen for connections from outside. */
export interface Port {
  /** The address to listen at. */
  readonly address: string;
  /** Its number; 0 for any that is free. */
  readonly port: number;
  /** The `ADDRESS:PORT` of the host that leads to it, if it differs and is known. */
  readonly published?: string | undefined;
}
