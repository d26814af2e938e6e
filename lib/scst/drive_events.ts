/** What has happened to a drive since a nexus asked last (MMC-6): of each class of events the latest. */

/** Media events (MMC-6). */
export const MediaEvent = {
  NONE: 0,
  /** Somebody at the drive wants the medium out, and cannot have it. */
  EJECT_REQUEST: 1,
  NEW_MEDIA: 2,
  MEDIA_REMOVAL: 3,
} as const;
export type MediaEvent = typeof MediaEvent[keyof typeof MediaEvent];

export class DriveEvents {
  #media: MediaEvent = MediaEvent.NONE;
  #featuresChanged = false;

  get media(): MediaEvent {
    return this.#media;
  }

  /** Whether other features may be current than before. */
  get featuresChanged(): boolean {
    return this.#featuresChanged;
  }

  /** Something has happened to the medium; which features are current depends on it. */
  report(event: MediaEvent): void {
    this.#media = event;
    if (event !== MediaEvent.EJECT_REQUEST) this.#featuresChanged = true;
  }

  /** The nexus has heard of the media event. */
  clearMedia(): void {
    this.#media = MediaEvent.NONE;
  }

  /** The nexus has heard of the changed features. */
  clearFeatures(): void {
    this.#featuresChanged = false;
  }
}
