import { createHash } from 'node:crypto';
import type { Clock } from '#libs/kernel';
import { CoordinatorError } from '../errors.ts';

export interface SignInLimits {
  readonly windowMs: number;
  readonly perAccount: number;
  readonly perAddress: number;
}

/** So many different names and addresses are remembered; beyond it the oldest are forgotten. */
const MAX_ENTRIES = 20_000;

/**
 * Counts failed sign-ins by account and by address in a sliding window. In memory: a restart forgives, and each coordinator counts its own.
 */
export class SignInLimiter {
  /** Times of failures, oldest first. In order of the last failure. */
  readonly #failures = new Map<string, number[]>();

  constructor(
    private readonly limits: SignInLimits,
    private readonly clock: Clock,
  ) {}

  /** Throws `sign_in_rate_limited`, with the seconds to wait, when either has failed too often. */
  check(email: string, address: string): void {
    const waitMs = Math.max(
      this.#waitMs(accountKey(email), this.limits.perAccount),
      this.#waitMs(addressKey(address), this.limits.perAddress),
    );
    if (waitMs <= 0) return;
    const minutes = Math.ceil(waitMs / 60_000);
    throw new CoordinatorError('sign_in_rate_limited', 'Too many failed sign-ins.', {
      status: 'temporary',
      nextStep: `Try again in ${minutes} minute${minutes === 1 ? '' : 's'}.`,
      context: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
    });
  }

  failed(email: string, address: string): void {
    this.#note(accountKey(email));
    this.#note(addressKey(address));
  }

  /** A right password clears the account; the address keeps its count, or one account of one's own would reset it. */
  succeeded(email: string): void {
    this.#failures.delete(accountKey(email));
  }

  #waitMs(key: string, limit: number): number {
    const recent = this.#recent(key);
    return recent.length < limit ? 0 : recent[recent.length - limit]! + this.limits.windowMs - this.clock.nowMs();
  }

  #note(key: string): void {
    const recent = this.#recent(key);
    this.#failures.delete(key);
    this.#failures.set(key, [...recent, this.clock.nowMs()]);
    if (this.#failures.size > MAX_ENTRIES) this.#failures.delete(this.#failures.keys().next().value!);
  }

  #recent(key: string): number[] {
    const since = this.clock.nowMs() - this.limits.windowMs;
    return (this.#failures.get(key) ?? []).filter((atMs) => atMs > since);
  }
}

// Hashed to one short length, whatever was typed.
const accountKey = (email: string): string => `account ${createHash('sha256').update(email.trim().toLowerCase()).digest('base64url')}`;
const addressKey = (address: string): string => `address ${address}`;
