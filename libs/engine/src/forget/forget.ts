import { EngineError } from '../errors.ts';
import type { LocalVault } from '../local-vault/local-vault.ts';

/**
 * Takes snapshots off the vault's head. Their chunks stay until a prune. Throws `snapshot_not_found`, and `snapshot_protected` for a pinned one or
 * the newest of all, whose number the next one is counted from; then nothing is forgotten.
 */
export async function forget(vault: LocalVault, sequences: readonly number[]): Promise<void> {
  const { snapshots, pinned = [] } = vault.head;
  const wanted = new Set(sequences);
  if (wanted.size === 0) return;
  for (const sequence of wanted) {
    known(vault, sequence);
    if (pinned.includes(sequence))
      throw new EngineError('snapshot_protected', `snapshot ${sequence} is pinned`, {
        context: { sequence },
        nextStep: `Unpin it first: "holdfast snapshots unpin ${sequence}".`,
      });
    if (sequence === snapshots.at(-1)!.sequence)
      throw new EngineError('snapshot_protected', `snapshot ${sequence} is the newest of all and is never forgotten`, {
        context: { sequence },
        nextStep: 'Make another backup first.',
      });
  }
  await vault.change({ include: new Set(), forget: wanted });
}

/** Pins a snapshot, so that no rule forgets it, or lets it go again. Throws `snapshot_not_found`. */
export async function setPinned(vault: LocalVault, sequence: number, pin: boolean): Promise<void> {
  known(vault, sequence);
  const before = vault.head.pinned ?? [];
  if (before.includes(sequence) === pin) return;
  const pinned = pin ? [...before, sequence].sort((a, b) => a - b) : before.filter((one) => one !== sequence);
  await vault.change({ include: new Set(), pinned });
}

function known(vault: LocalVault, sequence: number): void {
  if (vault.head.snapshots.some((one) => one.sequence === sequence)) return;
  throw new EngineError('snapshot_not_found', `the vault has no snapshot ${sequence}`, {
    context: { sequence },
    nextStep: '"holdfast snapshots" lists them.',
  });
}
