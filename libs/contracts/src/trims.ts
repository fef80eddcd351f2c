import { z } from 'zod';
import { count, deviceId, packId, signedStatement, sizeBytes, timeMs, vaultId } from './common.ts';

/**
 * Copies beyond what is wanted are let go holder by holder, by a release of their owner that only this holder is meant by: docs/spec/release-and-hold.md, "Trims".
 */

/** One trim names at most so many packs: its owner asks other holders for each of them first. */
export const maxPacksPerTrim = 200;

/** What the coordinator would have trimmed. The owner signs what it finds so itself; what it does not sign is kept. */
export const wantedTrims = z
  .strictObject({
    /** The number that the vault's next trim gets, and the generation of the vault. */
    nextSequence: z.int().min(1),
    generation: z.int().min(0),
    trims: z.array(z.strictObject({ holderDeviceId: deviceId, packIds: z.array(packId).min(1).max(maxPacksPerTrim) })).max(1000),
  })
  .meta({ id: 'WantedTrims' });
export type WantedTrims = z.infer<typeof wantedTrims>;

export const submitTrim = z.strictObject({ trim: signedStatement }).meta({ id: 'SubmitTrim' });
export type SubmitTrim = z.infer<typeof submitTrim>;

export const trimState = z.enum(['holding', 'cancelled', 'done']);

/** A trim as people see it. */
export const trimView = z
  .strictObject({
    releaseId: z.uuid(),
    vaultId,
    deviceId,
    deviceName: z.string(),
    holderDeviceId: deviceId,
    holderName: z.string(),
    state: trimState,
    packs: count,
    bytes: sizeBytes,
    receivedAtMs: timeMs,
    /** The holder does not delete before. */
    holdUntilMs: timeMs,
  })
  .meta({ id: 'Trim' });
export type TrimView = z.infer<typeof trimView>;
