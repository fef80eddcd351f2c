import { List, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReleaseView } from '#libs/contracts';
import { order } from '../api/client.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { notifyDone } from '../parts/notify.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { shareWords } from '../wording/storage-words.ts';

export interface Decision {
  readonly kind: 'approve' | 'cancel';
  readonly release: ReleaseView;
}

/** Asks before a release is approved or cancelled, and says what each means. Either can't be taken back. */
export function ReleaseDecision({ decision, onClose }: { readonly decision: Decision | undefined; readonly onClose: () => void }) {
  const client = useQueryClient();
  // What was decided about stays on show while the dialog closes.
  const [shown, setShown] = useState(decision);
  if (decision !== undefined && decision !== shown) setShown(decision);
  if (shown === undefined) return null;
  const { kind, release } = shown;
  const decide = async (): Promise<void> => {
    await order(`releases/${release.releaseId}/${kind}`, { method: 'POST', body: {} });
    if (kind === 'cancel') notifyDone('The release is cancelled', `Everything of ${release.deviceName} is kept.`);
    else notifyDone('The release is approved', 'Its hold begins now. Until it is over the release can still be cancelled.');
    await client.invalidateQueries();
  };
  // By the team root: the device is gone and asks for nothing.
  const isGivenUp = release.flags.includes('whole-vault');
  const amount = `${counted(release.packs, 'pack')} (${formatBytes(release.bytes)}, ${shareWords(release.share)} of its vault)`;
  return kind === 'cancel' ? (
    <ConfirmDialog
      opened={decision !== undefined}
      title={`Cancel the release of ${release.deviceName}?`}
      action="Cancel the release"
      dismiss="Leave it"
      onClose={onClose}
      onConfirm={decide}
    >
      <List size="sm" spacing={4}>
        <List.Item>{`${amount} stay where they are, and count and are repaired as before.`}</List.Item>
        {release.snapshotsForgotten > 0 && <List.Item>Snapshots that the device dropped are back, pinned, and can be restored.</List.Item>}
        <List.Item>
          {isGivenUp
            ? 'It is void for good. To give the space back after all takes the recovery kit again.'
            : 'It is void for good. The device may ask again; that then waits for an admin.'}
        </List.Item>
      </List>
    </ConfirmDialog>
  ) : (
    <ConfirmDialog
      opened={decision !== undefined}
      title={
        isGivenUp
          ? `Give the vault of ${release.deviceName} up?`
          : `Let ${release.deviceName} delete ${shareWords(release.share)} of its vault?`
      }
      action="Approve"
      dismiss="Leave it"
      typed={release.deviceName}
      onClose={onClose}
      onConfirm={decide}
    >
      <Text size="sm" mb="xs">
        {release.explanation}
      </Text>
      <List size="sm" spacing={4}>
        <List.Item>
          {isGivenUp
            ? 'Somebody signed this with the recovery kit. Ask who that was, and restore what is still needed. Waiting costs nothing but disk space.'
            : 'Look at the machine first: this is what ransomware looks like. Waiting costs nothing but disk space.'}
        </List.Item>
        <List.Item>{`${amount} are deleted when the hold is over.`}</List.Item>
        <List.Item>Until then the release can be cancelled.</List.Item>
      </List>
    </ConfirmDialog>
  );
}
