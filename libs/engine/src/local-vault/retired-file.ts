import { z } from 'zod';
import { isPackId, type PackId } from '#libs/kernel';

const packId = z.string().refine(isPackId);
const retiredPack = z.strictObject({
  packId,
  ordinal: z.int().min(0),
  sizeBytes: z.int().min(1),
  /** `unneeded`: no snapshot needs anything of it; `rewritten`: what was needed stands in other packs; `merged`: an index pack. */
  reason: z.enum(['unneeded', 'rewritten', 'merged']),
  /** The first head that does without it. While an older one stands (a crash came between), it is no retired pack. */
  headSequence: z.int().min(1),
  /** When its release was recorded; undefined before. */
  releasedAtMs: z.int().min(0).optional(),
});
/** Once for all packs that one head dropped: what must be on enough other machines before anybody may delete them. */
const waiting = z.strictObject({ headSequence: z.int().min(1), packIds: z.array(packId) });
/** The file `retired`. */
export const retiredFile = z.strictObject({ v: z.literal(1), packs: z.array(retiredPack), waiting: z.array(waiting) });

/** A pack that the head counts no more and that is still in the store. */
export type RetiredPack = Readonly<z.infer<typeof retiredPack> & { packId: PackId; waitsFor: readonly PackId[] }>;
