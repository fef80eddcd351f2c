import { limits } from '#libs/vault';

/** Bytes of a leaf: the last one of a pack may be shorter. */
export const { leafBytes, packBytes: maxPackBytes, rootBlockBytes: maxRootBytes } = limits;
export const maxLeaves = maxPackBytes / leafBytes;

/** Tunables of `/holdfast/pack/1`. */
export interface TransferLimits {
  /** No byte for this long: give up. Long enough for a laptop changing its access point. */
  readonly idleTimeoutMs: number;
  /** One whole frame must arrive within this: 1 MiB at 9 kB/s. Without it a byte every 29 s would hold a slot for ever. */
  readonly frameTimeoutMs: number;
  /** Reaching a device, all its addresses together. */
  readonly connectTimeoutMs: number;
  /** How long a served stream may wait for its next request. */
  readonly nextRequestTimeoutMs: number;
  /** Streams served to one device at once: parallel restore needs four, more only steals from others. */
  readonly streamsPerPeer: number;
  /** Streams served at all: each may hold 2 MiB. */
  readonly streamsTotal: number;
}

export const defaultTransferLimits: TransferLimits = {
  idleTimeoutMs: 30_000,
  frameTimeoutMs: 120_000,
  connectTimeoutMs: 15_000,
  nextRequestTimeoutMs: 30_000,
  streamsPerPeer: 8,
  streamsTotal: 64,
};
