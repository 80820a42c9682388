/** Where a program may listen so that it is reached from outside. */
export interface Port {
  /** The address to listen at. */
  readonly address: string;
  /** Its number; 0 for whichever is free. */
  readonly port: number;
  /** `ADDRESS:PORT` at which the world finds it, where that is another and known. */
  readonly published?: string | undefined;
}
