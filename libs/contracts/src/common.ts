import { z } from 'zod';
import type { DeviceId, PackId, PeerId, VaultId } from '#libs/kernel';
import { isDeviceId, isPackId, isPeerId, isVaultId } from '#libs/kernel';

/** Shapes that every message shares. Objects are strict everywhere: an unknown key is an error that names it. */

export const deviceId = z
  .custom<DeviceId>((v) => typeof v === 'string' && isDeviceId(v), 'must be a device id (UUID)')
  .meta({ type: 'string', format: 'uuid' });
export const vaultId = z
  .custom<VaultId>((v) => typeof v === 'string' && isVaultId(v), 'must be a vault id (32 hex digits)')
  .meta({ type: 'string' });
export const packId = z
  .custom<PackId>((v) => typeof v === 'string' && isPackId(v), 'must be a pack id (CIDv1, base32)')
  .meta({ type: 'string' });
export const peerId = z.custom<PeerId>((v) => typeof v === 'string' && isPeerId(v), 'must be a libp2p peer id').meta({ type: 'string' });

/** UTC milliseconds since 1970. */
export const timeMs = z.int().min(0).max(8_640_000_000_000_000);
export const sizeBytes = z.int().min(0);
export const count = z.int().min(0);

/** Bytes as base64url without padding, at most `maxBytes` when decoded. */
export const base64Url = (maxBytes: number) =>
  z
    .string()
    .max(Math.ceil((maxBytes * 4) / 3) + 2)
    .regex(/^[A-Za-z0-9_-]*$/, 'must be base64url without padding')
    // One character of a group of four is six bits, which are no byte.
    .refine((text) => text.length % 4 !== 1, 'must be base64url without padding');

export const publicKey = base64Url(32).length(43);
export const signature = base64Url(64).length(86);

/**
 * A signed statement: `payload` is the UTF-8 JSON text of the body (base64url), signed with Ed25519 over
 * `"holdfast/" + type + "/1" + NUL + payload bytes`. The bytes travel as signed, so nothing needs a canonical form.
 */
export const signedStatement = z
  .strictObject({ type: z.string().max(40), payload: base64Url(4 * 1024 * 1024), signature })
  .meta({ id: 'SignedStatement' });
export type SignedStatement = z.infer<typeof signedStatement>;

/** RFC 9457 problem+json with a stable `code`; `nextStep` tells the reader what to do. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    nextStep: z.string().optional(),
    requestId: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

/** Query of every list: pages are numbered from 1. */
export const pageQuery = z.strictObject({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(500).default(50),
  sort: z.string().max(40).optional(),
  order: z.enum(['asc', 'desc']).default('asc'),
  search: z.string().max(200).optional(),
});
export type PageQuery = z.infer<typeof pageQuery>;

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), total: count, page: z.int(), pageSize: z.int() });
export interface Page<T> {
  readonly items: T[];
  readonly total: number;
  readonly page: number;
  readonly pageSize: number;
}
