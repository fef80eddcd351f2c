import { Anchor, Button, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { ReleaseView } from '#libs/contracts';
import type { Column } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { counted, formatBytes } from '../wording/quantities.ts';
import { releaseReasonWords, releaseWords, shareWords } from '../wording/storage-words.ts';
import type { Decision } from './release-decision.tsx';
import classes from './storage.module.css';

/** The columns of the releases; without `onDecide` nothing can be decided. */
export function releaseColumns(onDecide: ((decision: Decision) => void) | undefined): readonly Column<ReleaseView>[] {
  return [
    {
      key: 'device',
      title: 'Device',
      cell: (release) => (
        <span>
          <Anchor component={Link} to={`/devices/${release.deviceId}`} fw={600} size="sm">
            {release.deviceName}
          </Anchor>
          <Text size="xs" c="dimmed">
            <TimeWords atMs={release.receivedAtMs} />
          </Text>
        </span>
      ),
    },
    {
      key: 'state',
      title: 'State',
      sort: 'state',
      cell: (release) => (
        <span>
          <TonePill words={releaseWords[release.state]} />
          <Text size="xs" c="dimmed" mt={3} maw={330}>
            {release.explanation}
          </Text>
          {release.decidedBy !== null && (
            <Text size="xs" c="dimmed" mt={3}>
              {release.state === 'cancelled' ? 'cancelled' : 'approved'} by {release.decidedBy}, <TimeWords atMs={release.decidedAtMs} />
            </Text>
          )}
        </span>
      ),
    },
    {
      key: 'what',
      title: 'What',
      sort: 'bytes',
      align: 'right',
      cell: (release) => (
        <span>
          {formatBytes(release.bytes)}, {shareWords(release.share)} of its vault
          <Text size="xs" c="dimmed">
            {counted(release.packs, 'pack')}: {releaseReasonWords[release.reason]}
          </Text>
          {release.snapshotsForgotten > 0 && (
            <Text size="xs" c="dimmed">
              {counted(release.snapshotsForgotten, 'snapshot')} dropped
            </Text>
          )}
        </span>
      ),
    },
    {
      key: 'until',
      title: 'Kept until',
      sort: 'holdUntilMs',
      cell: (release) =>
        release.state === 'waiting' ? (
          'somebody decides'
        ) : release.state === 'cancelled' ? (
          'for good'
        ) : (
          <span>
            <TimeWords atMs={release.holdUntilMs} />
            {release.replicasDeleted > 0 && (
              <Text size="xs" c="dimmed">
                {counted(release.replicasDeleted, 'copy', 'copies')} deleted, {release.replicasLeft.toLocaleString('en')} left
              </Text>
            )}
          </span>
        ),
    },
    ...(onDecide ? [decisionColumn(onDecide)] : []),
  ];
}

const decisionColumn = (onDecide: (decision: Decision) => void): Column<ReleaseView> => ({
  key: 'decide',
  title: '',
  align: 'right',
  cell: (release) => (
    <span className={classes['buttons']}>
      {(release.state === 'waiting' || release.state === 'holding') && (
        <Button size="xs" variant="default" onClick={() => onDecide({ kind: 'cancel', release })}>
          Cancel<span className="visually-hidden"> the release of {release.deviceName}</span>
        </Button>
      )}
      {release.state === 'waiting' && (
        <Button size="xs" variant="subtle" color="red" onClick={() => onDecide({ kind: 'approve', release })}>
          Approve<span className="visually-hidden"> the release of {release.deviceName}</span>
        </Button>
      )}
    </span>
  ),
});
