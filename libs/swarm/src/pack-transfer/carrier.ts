import type { RosterMember } from '#libs/contracts';
import type { PackId } from '#libs/kernel';

export interface CarryOptions {
  readonly signal?: AbortSignal;
  /** The caller checks each leaf at once, and asks again without this if one is wrong: the sender need not check as well. */
  readonly receiverChecks?: boolean;
}

/**
 * A way to ask one device for blocks of packs. libp2p streams are the one that works wherever two members can connect
 * at all, the fast lane the one for speed.
 * A carrier moves bytes within limits and answers with errors of the closed set; it verifies nothing: that is done by
 * whoever keeps or opens the blocks.
 */
export interface PackCarrier {
  readonly name: string;
  /** False when it can tell without asking the network that this device can't be reached this way. */
  reaches(device: RosterMember): boolean | Promise<boolean>;
  /** Throws `source_unavailable`, `not_a_member`. Nothing is sent yet that costs more than a connection. */
  connect(device: RosterMember, options?: CarryOptions): Promise<PackConnection>;
}

/** One conversation with one device: one request at a time, any number in a row. */
export interface PackConnection {
  /** At most 64 KiB. Throws `pack_not_found`, `peer_refused`, `peer_busy`, `source_unavailable`, `transfer_stalled`, `protocol_violation`. */
  rootBlock(packId: PackId, options?: CarryOptions): Promise<Uint8Array>;
  /** Leaves in order, each at most 1 MiB. Throws like {@link rootBlock}; ends early never: fewer than `count` is an error. */
  leaves(packId: PackId, first: number, count: number, options?: CarryOptions): AsyncIterable<Uint8Array>;
  /** False while a request is under way, and for ever after one that was not answered to its end. */
  readonly usable: boolean;
  /** True while a download limit of ours slows it: then it is not to blame for being slow. */
  readonly paced?: boolean;
  /** Takes back the memory of a leaf that nobody looks at any more. Never a must. */
  recycle?(leaf: Uint8Array): void;
  close(): Promise<void>;
}
