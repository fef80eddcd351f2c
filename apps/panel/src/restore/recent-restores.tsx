import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { Restore } from '#libs/contracts';
import { restoresQuery } from '../api/queries.ts';
import { PanelCard } from '../parts/panel-card.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import { restoreWords } from '../wording/states.ts';
import { counted } from '../wording/quantities.ts';

const columns: readonly Column<Restore>[] = [
  {
    key: 'when',
    title: 'Asked for',
    cell: (restore) => (
      <Anchor component={Link} to={`/restores/${restore.restoreId}`} size="sm" fw={600}>
        <TimeWords atMs={restore.createdAtMs} />
      </Anchor>
    ),
  },
  { key: 'who', title: 'By', cell: (restore) => restore.requestedBy },
  {
    key: 'what',
    title: 'What',
    cell: (restore) =>
      restore.paths.length === 0
        ? 'everything'
        : restore.paths.length === 1
          ? restore.paths[0]
          : counted(restore.paths.length, 'entry', 'entries'),
  },
  { key: 'where', title: 'Where to', cell: (restore) => restore.destination ?? 'original places' },
  { key: 'state', title: 'State', cell: (restore) => <TonePill words={restoreWords[restore.state]} /> },
];

export function RecentRestores() {
  const { list, setList } = useListQuery({ order: 'desc', pageSize: 10 });
  const restores = useQuery(restoresQuery(list));
  if (restores.data?.total === 0) return null;
  return (
    <PanelCard title="Restores to devices" flush>
      <ServerTable
        label="Restores"
        query={restores}
        list={list}
        onList={setList}
        columns={columns}
        keyOf={(restore) => restore.restoreId}
        empty={null}
      />
    </PanelCard>
  );
}
