import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconClockPlay } from '@tabler/icons-react';
import type { Run, Snapshot } from '#libs/contracts';
import { runsQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import type { Words } from '../wording/states.ts';
import { protectionWords, runWords, triggerWords } from '../wording/states.ts';
import { counted, formatBytes, formatDuration } from '../wording/quantities.ts';

/** Where the run's snapshot is known, its protection now says more than how the run ended. */
const resultWords = (run: Run, protectionOf: ReadonlyMap<number, Snapshot['protection']>): Words => {
  const protection = run.snapshotSequence === null ? undefined : protectionOf.get(run.snapshotSequence);
  return run.state === 'captured' && protection !== undefined ? protectionWords[protection] : runWords[run.state];
};

const columnsWith = (protectionOf: ReadonlyMap<number, Snapshot['protection']>): readonly Column<Run>[] => [
  {
    key: 'started',
    title: 'Started',
    cell: (run) => (
      <span>
        <TimeWords atMs={run.startedAtMs} />
        <Text size="xs" c="dimmed">
          {triggerWords[run.trigger]}
        </Text>
      </span>
    ),
  },
  {
    key: 'state',
    title: 'Result',
    cell: (run) => (
      <span>
        <TonePill words={resultWords(run, protectionOf)} />
        {run.errorMessage !== null && (
          <Text size="xs" c="dimmed" maw={320}>
            {run.errorMessage} ({run.errorCode})
          </Text>
        )}
        {run.fileErrors > 0 && (
          <Text size="xs" c="dimmed">
            {counted(run.fileErrors, 'file')} could not be read
          </Text>
        )}
      </span>
    ),
  },
  {
    key: 'duration',
    title: 'Duration',
    align: 'right',
    cell: (run) => (run.endedAtMs === null ? 'under way' : formatDuration(run.endedAtMs - run.startedAtMs)),
  },
  { key: 'files', title: 'Files', align: 'right', cell: (run) => run.filesDone.toLocaleString('en') },
  { key: 'bytes', title: 'Read', align: 'right', cell: (run) => formatBytes(run.bytesDone) },
  { key: 'snapshot', title: 'Snapshot', align: 'right', cell: (run) => run.snapshotSequence ?? '–' },
];

export function RunsTable({ deviceId, snapshots }: { readonly deviceId: string; readonly snapshots: readonly Snapshot[] }) {
  const columns = columnsWith(new Map(snapshots.map(({ sequence, protection }) => [sequence, protection])));
  const { list, setList } = useListQuery({ order: 'desc', pageSize: 15 });
  return (
    <ServerTable
      label="Runs"
      query={useQuery(runsQuery(deviceId, list))}
      list={list}
      onList={setList}
      columns={columns}
      keyOf={(run) => run.runId}
      empty={
        <EmptyNotice icon={IconClockPlay} title="No run yet">
          Runs start by the schedule of the policy, or with “Back up now”.
        </EmptyNotice>
      }
    />
  );
}
