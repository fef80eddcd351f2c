/** Tunables of the fast lane, with the reason for each number. */
export const fastLaneLimits = {
  /** Our requests have some 300 bytes; a browser's or curl's fit too. */
  requestHeadBytes: 8 * 1024,
  /** Our own answers have some 500 bytes. */
  responseHeadBytes: 8 * 1024,
  /** Text of an error. Longer is not read. */
  errorTextBytes: 1_024,
  /** From the first byte of a connection to the proof of who it is. A handshake takes two round trips. */
  handshakeTimeoutMs: 10_000,
  /** A request's head is one packet. */
  requestTimeoutMs: 10_000,
  /** An idle connection is kept for the next read; longer than a client keeps it, so that it is the client who ends it. */
  nextRequestTimeoutMs: 30_000,
  /** Connections that have not proved who they are: beyond it newcomers are turned away, members that are in stay in. */
  unprovedConnections: 64,
  /** Of those, from one address: an office behind one NAT starts in the morning. */
  unprovedPerAddress: 32,
  /** Of one member: twice the transfers that it may have at once, for those it keeps for the next read. */
  connectionsPerPeer: 16,
  /** In all: some 100 KiB each. */
  connections: 512,
  /** All addresses of a device together. Beyond a continent a handshake takes half a second; the libp2p way waits behind this. */
  connectTimeoutMs: 3_000,
  /** The next address is tried beside the first after this long, as browsers do (RFC 8305). */
  nextAddressMs: 250,
  /** Addresses of one device that are tried at all. */
  addresses: 8,
  /** Pieces in which a leaf is handed to TLS while nobody knows how quick the link is, or it is slow: the watchdog sees progress between them. */
  pieceBytes: 256 * 1024,
  /**
   * After a leaf that went within this time the next one is handed over whole, which saves a seventh of the sender's processor time. The link would have
   * to get thirty times as slow from one leaf to the next to be taken for dead.
   */
  quickLeafMs: 1_000,
  /** The same under a rate limit, where a piece is what a wait is for. */
  pacedPieceBytes: 60 * 1024,
  /** Leaves that a reader may lag behind the network before the sender is told to wait. */
  leavesAhead: 2,
};

export type FastLaneLimits = Readonly<typeof fastLaneLimits>;
