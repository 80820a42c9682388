import type { BlockDevice } from "../../reader/block/device.ts";
import { memoryDevice } from "../../reader/block/memory.ts";

/** A device in memory that keeps account of its readers' manners. */
export interface RecordingDevice extends BlockDevice {
  /** The requests so far: first sector and number of sectors. */
  readonly requests: { first: number; sectors: number }[];
  /** Requests for parts of sectors, or for what is not there. */
  readonly faults: string[];
  readonly closed: boolean;
}

export function recordingDevice(bytes: Uint8Array): RecordingDevice {
  const device = memoryDevice(bytes);
  const requests: { first: number; sectors: number }[] = [];
  const faults: string[] = [];
  let closed = false;
  return {
    sectorSize: device.sectorSize,
    sectorCount: device.sectorCount,
    size: device.size,
    requests,
    faults,
    get closed() {
      return closed;
    },
    readSectors(first, into) {
      const sectors = into.length / device.sectorSize;
      requests.push({ first, sectors });
      const whole = Number.isInteger(sectors) && sectors > 0 && Number.isInteger(first);
      if (!whole || first < 0 || first + sectors > device.sectorCount || closed) {
        faults.push(`${sectors} sectors at ${first} of ${device.sectorCount}`);
      }
      device.readSectors(first, into);
    },
    close() {
      closed = true;
    },
  };
}
