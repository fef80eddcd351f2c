import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconCamera } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { Snapshot } from '#libs/contracts';
import { snapshotsQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import { snapshotWords } from '../wording/states.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { absoluteTime } from '../wording/times.ts';

const columns: readonly Column<Snapshot>[] = [
  {
    key: 'when',
    title: 'Snapshot',
    cell: (snapshot) => (
      <span>
        <Text size="sm" fw={600} component="span">
          {absoluteTime(snapshot.receivedAtMs)}
        </Text>
        <Text size="xs" c="dimmed">
          number {snapshot.sequence}
        </Text>
      </span>
    ),
  },
  {
    key: 'protection',
    title: 'Protection',
    cell: (snapshot) => (
      <span>
        <TonePill words={snapshotWords(snapshot)} />
        <Text size="xs" c="dimmed">
          {snapshot.packsBelowMinimum > 0 ? (
            `${counted(snapshot.packsBelowMinimum, 'pack')} of ${snapshot.packs} still on too few machines`
          ) : snapshot.protectedAtMs === null ? (
            ''
          ) : (
            <>
              since <TimeWords atMs={snapshot.protectedAtMs} />
            </>
          )}
        </Text>
      </span>
    ),
  },
  {
    key: 'now',
    title: 'Restorable now',
    cell: (snapshot) => (snapshot.restorableNow ? 'yes' : 'not all of it: some packs have no holder online'),
  },
  { key: 'files', title: 'Files', align: 'right', cell: (snapshot) => snapshot.stats.files.toLocaleString('en') },
  { key: 'bytes', title: 'Size', align: 'right', cell: (snapshot) => formatBytes(snapshot.stats.bytes) },
  { key: 'new', title: 'New data', align: 'right', cell: (snapshot) => formatBytes(snapshot.stats.newPackBytes) },
  {
    key: 'restore',
    title: '',
    align: 'right',
    cell: (snapshot) => (
      <Button component={Link} to={`/restore?device=${snapshot.deviceId}&snapshot=${snapshot.sequence}`} size="xs" variant="default">
        Restore<span className="visually-hidden"> from snapshot {snapshot.sequence}</span>
      </Button>
    ),
  },
];

export function SnapshotsTable({ deviceId }: { readonly deviceId: string }) {
  const { list, setList } = useListQuery({ order: 'desc', pageSize: 15 });
  return (
    <ServerTable
      label="Snapshots"
      query={useQuery(snapshotsQuery(deviceId, list))}
      list={list}
      onList={setList}
      columns={columns}
      keyOf={(snapshot) => snapshot.snapshotId}
      empty={
        <EmptyNotice icon={IconCamera} title="No snapshot yet">
          The first one appears after the first backup: on schedule, or with “Back up now”.
        </EmptyNotice>
      }
    />
  );
}
