import type { Channel } from "../../protocol/channel.ts";
import type { System } from "../system.ts";
import { Randomness } from "./randomness.ts";
import { VirtioDisk } from "./virtio-disk.ts";
import { setClock } from "./wall-clock.ts";

/** What a machine does when its host resumes it, with the entropy that the host sends, and with the host. */
export type Resume = (entropy: Uint8Array, host: Channel) => void;

/**
 * The state that a machine has from before its host resumes it: its random values, its clock and, in a
 * template, the disk in place of the image. Every machine of the same template starts with a copy of it.
 */
export class SharedState {
  readonly #system: System;
  readonly #randomness: Randomness;
  readonly #disk: VirtioDisk;
  readonly #isTemplate: boolean;

  /**
   * @param image the node of the image's disk.
   * @param isTemplate whether this machine becomes a template.
   */
  constructor(system: System, image: string, isTemplate: boolean) {
    this.#system = system;
    this.#randomness = new Randomness(system, isTemplate);
    this.#disk = new VirtioDisk(image);
    this.#isTemplate = isTemplate;
  }

  /** Detaches the image's disk, which every machine of the template replaces. */
  detachDisk(): void {
    this.#disk.detach();
  }

  /**
   * Replaces the state with this machine's own.
   * @throws {DocteurError} `MALFORMED_FRAME`, if the host does not tell the time.
   */
  readonly replace: Resume = (entropy, host) => {
    this.#randomness.renew(entropy);
    if (this.#isTemplate) this.#disk.attach();
    setClock(host, this.#system);
  };
}
