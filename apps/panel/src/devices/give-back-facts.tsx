import { List } from '@mantine/core';
import type { RootReleasePlan } from '#libs/contracts';
import { counted, formatBytes, formatDuration } from '../wording/quantities.ts';
import { absoluteTime } from '../wording/times.ts';

/** Those with the most are named; the others are a number. */
const namedHolders = 3;

/** What giving a vault up means, in words: what goes, who gets room, until when it can be stopped, and that there is no way back. */
export function GiveBackFacts({ plan }: { readonly plan: RootReleasePlan }) {
  const { deviceName, packs, bytes, snapshots, newestSnapshotAtMs, holders, holdMs } = plan;
  const room = holders.reduce((sum, holder) => sum + holder.bytes, 0);
  const named = holders.slice(0, namedHolders).map((holder) => `${holder.deviceName} ${formatBytes(holder.bytes)}`);
  const others = holders.length - named.length;
  return (
    <List size="sm" spacing={6}>
      <List.Item>
        {`Everything that ${deviceName} ever backed up is deleted: ${counted(snapshots, 'snapshot')}`}
        {newestSnapshotAtMs !== null && `, the newest from ${absoluteTime(newestSnapshotAtMs)}`}
        {`; ${counted(packs, 'pack')}, ${formatBytes(bytes)}.`}
      </List.Item>
      <List.Item>
        {holders.length === 0
          ? 'Nobody keeps a copy of it at the moment.'
          : `Colleagues’ machines get ${formatBytes(room)} back: ${named.join(', ')}${others > 0 ? ` and ${counted(others, 'other')}` : ''}.`}
      </List.Item>
      <List.Item>
        {`Holders keep all of it for ${formatDuration(holdMs)} more. Until then any admin can cancel on the screen “Storage”, and it can still be restored.`}
      </List.Item>
      {plan.state === 'lost' && (
        <List.Item>
          {`Should ${deviceName} be heard of before, this is cancelled by itself. After that it is revoked, and holders keep everything for as long again.`}
        </List.Item>
      )}
      <List.Item fw={600}>Once it is deleted nobody can restore it, not even with the recovery kit.</List.Item>
    </List>
  );
}
