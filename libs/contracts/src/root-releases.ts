import { z } from 'zod';
import { count, deviceId, sizeBytes, timeMs, vaultId } from './common.ts';
import { release, releaseView } from './releases.ts';

/**
 * Giving up the vault of a device that is gone: what the team root would sign, for the person who holds the recovery kit. The rules are in
 * docs/spec/release-and-hold.md, "A vault whose device is gone".
 */

/** A `Release` without what its signer adds: `releaseId` and `atMs`. It never names a single holder. */
export const rootReleaseDraft = release
  .omit({ releaseId: true, atMs: true, onlyHolder: true })
  .extend({ reason: z.literal('leaver') })
  .meta({ id: 'RootReleaseDraft' });
export type RootReleaseDraft = z.infer<typeof rootReleaseDraft>;

/** What giving the vault of a revoked or lost device up comes to, before and while it is done. */
export const rootReleasePlan = z
  .strictObject({
    deviceId,
    deviceName: z.string(),
    /** Lost: the machine may still be heard of, which makes the release void. */
    state: z.enum(['revoked', 'lost']),
    vaultId,
    snapshots: count,
    newestSnapshotAtMs: timeMs.nullable(),
    /** Of the vault, as far as no release of them waits or holds yet. */
    packs: count,
    bytes: sizeBytes,
    /** Members of the team that keep copies of these packs, those that get the most room back first. */
    holders: z.array(z.strictObject({ deviceId, deviceName: z.string(), packs: count, bytes: sizeBytes })),
    /** How long holders keep everything from the moment that the release is accepted; holders that are away take longer. */
    holdMs: z.int().min(0),
    /** Statements that it takes: one names 5,000 packs at most. */
    statements: count,
    /** The first of them, to be signed and sent; then ask again. Null: nothing is left to be released. */
    next: rootReleaseDraft.nullable(),
    /** Releases of this vault by the team root that wait or hold. */
    open: z.array(releaseView),
  })
  .meta({ id: 'RootReleasePlan' });
export type RootReleasePlan = z.infer<typeof rootReleasePlan>;
