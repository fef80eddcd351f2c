import type { PackId } from '#libs/kernel';
import type { PackKind } from '../ports.ts';

/** What the index knows of a pack. `ordinal` numbers the packs of a vault and is never reused. */
export interface PackInfo {
  readonly ordinal: number;
  readonly packId: PackId;
  readonly sizeBytes: number;
  readonly kind: PackKind;
  readonly epoch: number;
  readonly noncePrefix: Uint8Array;
}
