/** Where in the PACK the object of an id lies: the IDX on the disk, or one rebuilt from the PACK. */
export interface ObjectIndex {
  /** Objects in the PACK. */
  readonly count: number;
  /** The entry's offset from the start of the PACK for a raw id of 20 bytes, undefined if there is no such object. */
  find(id: Uint8Array): number | undefined;
}
