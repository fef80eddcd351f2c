import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconClockPlay } from '@tabler/icons-react';
import type { Run } from '#libs/contracts';
import { runsQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import { runResultWords, triggerWords } from '../wording/states.ts';
import { counted, formatBytes, formatDuration } from '../wording/quantities.ts';

const columns: readonly Column<Run>[] = [
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
        <TonePill words={runResultWords(run)} />
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

export function RunsTable({ deviceId }: { readonly deviceId: string }) {
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
