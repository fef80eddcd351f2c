import { Mutex } from '#libs/kernel';
import type { PackStaging } from '#libs/vault';

const rooms = new WeakMap<PackStaging, { readonly turn: Mutex; runs: number }>();

/**
 * Enters the folder where packs are filled, and gives the way out. The first run that comes in and the last that leaves clear it: of a process that
 * died, and of a run that failed, since on a full disk that room is needed. The vault's lock keeps other processes out.
 */
export async function enterStaging(staging: PackStaging | undefined): Promise<() => Promise<void>> {
  if (!staging) return async () => undefined;
  const room = rooms.get(staging) ?? { turn: new Mutex(), runs: 0 };
  rooms.set(staging, room);
  await room.turn.run(async () => {
    if (room.runs === 0) await staging.sweep();
    room.runs += 1;
  });
  return () =>
    room.turn.run(async () => {
      room.runs -= 1;
      // What can't be removed now goes with the next run.
      if (room.runs === 0) await staging.sweep().catch(() => undefined);
    });
}
