import { join } from 'node:path';
import type { PackId } from '#libs/kernel';
import { isPackId } from '#libs/kernel';

/**
 * Where a store keeps what: `<dir>/<2 characters>/<packId>.{pack,root,about}` and `<dir>/incoming/<packId>.{part,root}`.
 * The two characters stand before the last one of the id: all ids begin alike, and the last character carries few bits.
 */
const shardOf = (packId: PackId): string => packId.slice(-3, -1);
export const isShard = (name: string): boolean => /^[a-z2-7]{2}$/.test(name);
export const incomingFolder = 'incoming';
/** Packs that their owner is filling: temporary files, named so by their writer. */
export const stagingFolder = 'staging';

export type Part = 'pack' | 'root' | 'about';

export const pathOf = (dir: string, packId: PackId, part: Part): string => join(dir, shardOf(packId), `${packId}.${part}`);
export const incomingPath = (dir: string, packId: PackId, part: 'part' | 'root'): string => join(dir, incomingFolder, `${packId}.${part}`);

/** The pack and the part that a file name stands for, or undefined for a file that is none of ours. */
export function parseName(name: string): { packId: PackId; part: string } | undefined {
  const dot = name.lastIndexOf('.');
  const packId = name.slice(0, dot);
  return dot > 0 && isPackId(packId) ? { packId, part: name.slice(dot + 1) } : undefined;
}
