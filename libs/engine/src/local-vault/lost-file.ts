import { z } from 'zod';
import { isPackId, type PackId } from '#libs/kernel';

const lostPack = z.strictObject({
  packId: z.string().refine(isPackId),
  ordinal: z.int().min(0),
  sizeBytes: z.int().min(1),
});

/** The file `lost`. */
export const lostFile = z.strictObject({ v: z.literal(1), packs: z.array(lostPack) });

/** A pack that no source had whole when the index was repaired. */
export type LostPack = Readonly<z.infer<typeof lostPack> & { packId: PackId }>;
