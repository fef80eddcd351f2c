import { z } from 'zod';
import { scrubTimes } from './scrub-times.ts';

/** How far one store's scrub is, on disk: it goes on after a restart. */
const scrubPass = z.strictObject({
  /** Null: none is under way. */
  startedAtMs: z.number().nullable(),
  /** The coordinator's request that it answers, or null. */
  asked: z.number().nullable(),
  /** The last pack read, in the order of ids. */
  after: z.string(),
  packs: z.number(),
  sizeBytes: z.number(),
  damaged: z.number(),
  /** The last one that was finished. */
  last: z
    .strictObject({ startedAtMs: z.number(), endedAtMs: z.number(), asked: z.number().nullable(), packs: z.number(), damaged: z.number() })
    .nullable(),
});
export type ScrubPass = z.infer<typeof scrubPass>;

export const scrubState = z.strictObject({ held: scrubPass, own: scrubPass });
export type ScrubState = z.infer<typeof scrubState>;

const idle = { startedAtMs: null, asked: null, after: '', packs: 0, sizeBytes: 0, damaged: 0 } as const;
export const newScrubState = (): ScrubState => ({ held: { ...idle, last: null }, own: { ...idle, last: null } });

/**
 * What to do about one store now: go on with a pass, begin one, or nothing. `asked` is the coordinator's newest request, which a pass
 * that began for an older one, or for none, does not answer. A clock that was set back owes nothing and loses nothing.
 */
export function scrubStep(
  pass: ScrubPass,
  facts: { readonly nowMs: number; readonly joinedAtMs: number; readonly asked: number | null },
): ScrubPass | null {
  const { nowMs, joinedAtMs, asked } = facts;
  const isAnswered = asked === null || (pass.last?.asked ?? -1) >= asked;
  if (pass.startedAtMs !== null && (isAnswered || (pass.asked ?? -1) >= asked)) return pass;
  const since = pass.last?.endedAtMs ?? joinedAtMs;
  const isDue = Math.abs(nowMs - since) >= scrubTimes.everyMs;
  if (isAnswered && !isDue) return null;
  return { ...idle, last: pass.last, startedAtMs: nowMs, asked: isAnswered ? null : asked };
}

/** The pass is through. */
export function scrubEnded(pass: ScrubPass, nowMs: number): ScrubPass {
  const { startedAtMs, asked, packs, damaged } = pass;
  return { ...idle, last: { startedAtMs: startedAtMs ?? nowMs, endedAtMs: nowMs, asked, packs, damaged } };
}
