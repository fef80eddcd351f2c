import type { DeviceId, VaultId } from '#libs/kernel';

/** What an owner needs to sign that packs of its vault may go, at all holders or at one. */
export interface SigningOwner {
  readonly teamId: string;
  readonly deviceId: DeviceId;
  readonly vaultId: VaultId;
  readonly signingSecretKey: Uint8Array;
  /** A UUID that was never used. */
  readonly newId: () => string;
  readonly nowMs: () => number;
}
