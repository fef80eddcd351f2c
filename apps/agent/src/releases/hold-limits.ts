import { defaultReleaseSettings } from '#libs/durability';

/** Tunables of release and hold on a device, with the reason for each number. */
export const holdLimits = {
  /** This device keeps released packs at least so long, whatever the coordinator says. */
  minimumHoldMs: defaultReleaseSettings.holdMs,
  /** How often running time is added up: a longer wait would be lost with a crash, which only lengthens holds. */
  tickMs: 60_000,
  /**
   * A release that was carried out here is remembered for so long. Nothing is left of it that could begin again: its packs are gone, and what is placed
   * later belongs to a later generation, or may be deleted anyway. Cancelled ones are remembered for good: they are few, since a person cancels.
   */
  rememberDeletedMs: 90 * 24 * 60 * 60_000,
  /** Releases are asked for this often even without a hint; a hold of days can wait. */
  pollMs: 60 * 60_000,
} as const;
