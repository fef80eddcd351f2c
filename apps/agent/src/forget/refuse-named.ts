import type { Snapshot } from '#libs/vault';
import { AgentError } from '../errors.ts';
import { groupOf, type VaultRetention } from './retention-of-vault.ts';

/** What of the vault's snapshots counts here. */
export interface NamedFrom extends Pick<VaultRetention, 'pinned'> {
  readonly snapshots: ReadonlyMap<number, Pick<Snapshot, 'sequence' | 'partial' | 'adHoc' | 'roots'>>;
}

/**
 * Which snapshots may not even be forgotten by their number, whether it is done or only shown: what there is not (`snapshot_not_found`); those that are pinned, the newest
 * of all, whose number the next one is counted from, and the newest complete one of everything that this machine backs up, without which nothing of it could be brought
 * back while every status still speaks of it (`snapshot_protected`). One of named paths may go, also the last.
 */
export function refuseNamed(wanted: ReadonlySet<number>, { snapshots, pinned }: NamedFrom): void {
  const all = [...snapshots.values()].sort((a, b) => b.sequence - a.sequence);
  const ofEverything = all.filter((one) => groupOf(one) === '');
  const newestComplete = ofEverything.find(({ partial }) => !partial) ?? ofEverything[0];
  for (const sequence of wanted) {
    if (!snapshots.has(sequence))
      throw new AgentError('snapshot_not_found', `there is no snapshot ${sequence}`, { nextStep: '"holdfast snapshots" lists them.' });
    if (pinned.has(sequence))
      throw new AgentError('snapshot_protected', `snapshot ${sequence} is pinned`, {
        nextStep: `Unpin it first: "holdfast snapshots unpin ${sequence}", or in the admin panel.`,
      });
    const why =
      sequence === newestComplete?.sequence
        ? `the newest ${newestComplete.partial ? '' : 'complete '}one of everything that this machine backs up`
        : sequence === all[0]?.sequence
          ? 'the newest of all'
          : undefined;
    if (why !== undefined)
      throw new AgentError('snapshot_protected', `snapshot ${sequence} is ${why} and is never forgotten`, {
        nextStep: 'Make another backup first: "holdfast backup".',
      });
  }
}
