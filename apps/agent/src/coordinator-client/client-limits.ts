/** Tunables of the coordinator client, with the reason for each number. */
export const clientLimits = {
  connectTimeoutMs: 10_000,
  /** Answers come from a database in milliseconds; a vault head of 8 MB over a slow line needs the rest. */
  requestTimeoutMs: 60_000,
  /** A head of 8 MiB in base64url inside JSON, with room. */
  maxResponseBytes: 16 * 1024 * 1024,
  /** One event is a hint of some words. */
  maxEventBytes: 64 * 1024,
  /** The channel carries a comment at least every 30 s; three lost ones mean that the line is dead. */
  channelIdleMs: 100_000,
  reconnectFirstMs: 500,
  reconnectMaxMs: 60_000,
  /** A token is renewed this long before it ends, so that a slow request still finishes with it. */
  tokenMarginMs: 60_000,
} as const;
