import { nodePrimitives } from '#libs/crypto/node';
import { toHex, utf8 } from '#libs/kernel';
import type { AuditEntryEntity } from './audit-entry.entity.ts';

/** What stands before the first entry. */
export const GENESIS = '0'.repeat(64);

const primitives = nodePrimitives();

type Unsealed = Omit<AuditEntryEntity, 'hash'>;

/** Hex BLAKE3-256 over the previous hash and every field, each with its length before it, so that no two entries read alike. */
export function hashEntry(previousHash: string, entry: Unsealed): string {
  const fields = [
    previousHash,
    String(entry.sequence),
    String(entry.atMs),
    entry.actor,
    entry.action,
    entry.subject,
    entry.deviceId ?? '',
    entry.detail,
  ];
  return toHex(primitives.blake3(utf8(fields.map((field) => `${Buffer.byteLength(field)}:${field}`).join(''))));
}

/** The first sequence at which the chain does not hold, or undefined. `previous`: the entry before the first one given. */
export function firstBreak(
  entries: readonly AuditEntryEntity[],
  previous: Pick<AuditEntryEntity, 'sequence' | 'hash'>,
): number | undefined {
  let { sequence, hash } = previous;
  for (const entry of entries) {
    if (entry.sequence !== sequence + 1 || entry.hash !== hashEntry(hash, entry)) return sequence + 1;
    ({ sequence, hash } = entry);
  }
  return undefined;
}
