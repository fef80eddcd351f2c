import type { Roster } from '#libs/contracts';
import type { Clock, DeviceId, PackId, PeerId, VaultId } from '#libs/kernel';
import type { BlockSource } from '#libs/vault';
import type { FilePackStore } from './pack-store/file-pack-store.ts';
import type { PrivateHelia } from './network/bitswap.ts';
import type { PackSink } from './pack-store/pack-receiver.ts';
import type { TransferLimits } from './pack-transfer/limits.ts';
import type { VaultDocumentStore, VaultDocuments } from './vault-documents/store.ts';

export interface SwarmOptions {
  /** The device's Ed25519 seed (32 bytes); the peer id follows from it. */
  readonly seed: Uint8Array;
  /**
   * Multiaddrs to listen at, e.g. `/ip4/0.0.0.0/tcp/0`. Empty: dial only. The fast lane listens at those that end in
   * `/tls/http`; without any, at a free port of the same interfaces.
   */
  readonly listen: readonly string[];
  /** Multiaddrs to tell others instead of the listening ones (a NAT's outside); those of the fast lane end in `/tls/http`. */
  readonly announce?: readonly string[];
  /** Packs over TLS besides libp2p, both ways. Default true; a node without stores does not listen. */
  readonly fastLane?: boolean;
  /** Packs are served from these, in this order. */
  readonly stores: readonly FilePackStore[];
  /** Who is a member. Without one nobody is, until {@link Swarm.setRoster}. */
  readonly roster?: Roster;
  /** Copies of other vaults' headers and heads to serve and to accept. Without it the protocol is not offered. */
  readonly documents?: VaultDocumentStore;
  /**
   * Whether anything is given out to anybody at this moment: false when the roster is too old to say who is a member. Asked each time on every way out: our
   * pack protocol, the fast lane, bitswap, vault documents. Default: yes.
   */
  readonly mayGiveOut?: () => boolean;
  /** Asked before a pack is served by our pack protocol or the fast lane, for peers that are members already. Default: yes. */
  readonly mayServe?: (peer: SwarmPeer, packId: PackId) => boolean | Promise<boolean>;
  /** Serve other IPFS implementations over bitswap. Helia is loaded at the first stream that asks. Default true. */
  readonly bitswap?: boolean;
  /** Relay connections between members who can't reach each other directly, within limits: the coordinator's node. Default false. */
  readonly relay?: boolean;
  /** Find colleagues on the local network by multicast DNS. Default false. */
  readonly mdns?: boolean;
  readonly rates?: TransferRates;
  readonly limits?: Partial<TransferLimits>;
  readonly clock?: Clock;
  /** Told what happens; for logs. */
  readonly onEvent?: (event: SwarmEvent) => void;
}

/** Bytes a second; null: no limit. */
export interface LinkTransferRates {
  readonly uploadBytesPerSecond: number | null;
  readonly downloadBytesPerSecond: number | null;
}

/** Limits over all transfers together, and those of single links: by the remote address of each connection. */
export interface TransferRates extends LinkTransferRates {
  /** Peers on the local network have this instead of the general limit. Absent: they share that. */
  readonly lan?: LinkTransferRates | undefined;
  /** What runs through the coordinator's relay has this besides the general limit. Absent: only that. */
  readonly relay?: LinkTransferRates | undefined;
}

export interface SwarmPeer {
  readonly deviceId: DeviceId;
  readonly peerId: PeerId;
  readonly name: string;
}

export type SwarmEvent =
  | { readonly kind: 'connected' | 'disconnected'; readonly peer: SwarmPeer }
  | { readonly kind: 'denied'; readonly direction: 'inbound' | 'outbound'; readonly peerId: string; readonly address: string }
  | { readonly kind: 'source-dropped'; readonly peer: SwarmPeer; readonly packId: PackId; readonly code: string; readonly message: string }
  | { readonly kind: 'damaged'; readonly packId: PackId; readonly store: string; readonly message: string }
  | { readonly kind: 'served'; readonly peer: SwarmPeer; readonly packId: PackId; readonly leaves: number; readonly sizeBytes: number };

export interface FetchPackOptions {
  /** Devices to try, best first. */
  readonly from: readonly DeviceId[];
  /** Where the pack is kept. */
  readonly into: PackSink;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly leavesDone: number; readonly leavesTotal: number; readonly bytesDone: number }) => void;
}

export interface FetchResult {
  readonly packId: PackId;
  readonly sizeBytes: number;
  /** Bytes of leaves that crossed the network in this call. */
  readonly fetchedBytes: number;
  /** Leaves that were there from an earlier, broken try. */
  readonly resumedLeaves: number;
  /** Who gave leaves, and who was dropped with which code. */
  readonly sources: readonly { readonly deviceId: DeviceId; readonly leaves: number; readonly droppedFor?: string }[];
}

export interface SwarmConnection {
  readonly peer: SwarmPeer;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  /** `tls`: the fast lane; `direct` and `relayed` are libp2p's. A relayed connection is slow and limited: shown, never silent. */
  readonly kind: 'tls' | 'direct' | 'relayed';
}

/** The private network of the roster's devices, as one of them sees it. */
export interface Swarm {
  readonly peerId: PeerId;
  /** Multiaddrs to put into the heartbeat, each ending in `/p2p/<peer id>`; the fast lane's have `/tls/http` before it. */
  addresses(): string[];
  /** 0 before the first roster. */
  readonly rosterVersion: number;
  /** Takes effect at once: connections of those who are no longer members are closed before it resolves. Throws `roster_rollback`. */
  setRoster(roster: Roster): Promise<void>;
  /** Holds at once, for transfers that are under way too. */
  setRates(rates: TransferRates): void;
  /**
   * Fetches a whole pack, verified leaf by leaf, resuming over sources and restarts. Idempotent.
   * Throws `source_unavailable` when every source failed (each one's reason in `cause`), `store_full`.
   */
  fetchPack(packId: PackId, sizeBytes: number, options: FetchPackOptions): Promise<FetchResult>;
  /** Blocks of one device, unverified: give it to `VerifiedBlocks`. Throws nothing until asked. */
  blockSource(deviceId: DeviceId): BlockSource;
  blockSources(deviceIds: readonly DeviceId[]): BlockSource[];
  /** Gives a vault's header and head to another device to keep. Returns the sequence that it holds then. */
  pushVaultDocuments(deviceId: DeviceId, documents: VaultDocuments, options?: { readonly signal?: AbortSignal }): Promise<number>;
  /** The newest header and head that a device keeps of a vault, unverified; undefined when it has none. */
  fetchVaultDocuments(
    deviceId: DeviceId,
    vaultId: VaultId,
    options?: { readonly signal?: AbortSignal },
  ): Promise<VaultDocuments | undefined>;
  /** Helia over this node and these packs, loaded at the first call (70 MiB): `@helia/unixfs` and the like. Reads ask members only. */
  helia(): Promise<PrivateHelia>;
  connections(): SwarmConnection[];
  /** How many members multicast DNS has found on the local network so far; 0 where {@link SwarmOptions.mdns} is off. */
  readonly foundNearby: number;
  /** Round trip in ms over the live or a new connection. */
  ping(deviceId: DeviceId, options?: { readonly signal?: AbortSignal }): Promise<number>;
  stop(): Promise<void>;
}
