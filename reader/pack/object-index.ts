/** Where in the PACK the object of an id lies: the IDX on the disk, or one rebuilt from the PACK. */
export interface ObjectIndex {
  /** Objects in the PACK. */
  readonly count: number;
  /**
   * The offset of an entry from the start of the PACK, undefined if there is no such object.
   *
   * @param ids hold its raw id from `start` on. Default 0.
   */
  find(ids: Uint8Array, start?: number): number | undefined;
}
