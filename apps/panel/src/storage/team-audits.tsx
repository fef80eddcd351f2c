import { Anchor, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconShieldSearch } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { HolderAudits } from '#libs/contracts';
import { teamAuditsQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { SearchField } from '../parts/search-field.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import { auditEventWords, auditWords } from '../wording/storage-words.ts';

const columns: readonly Column<HolderAudits>[] = [
  {
    key: 'device',
    title: 'Device',
    cell: (holder) => (
      <Anchor component={Link} to={`/devices/${holder.deviceId}`} fw={600} size="sm">
        {holder.deviceName}
      </Anchor>
    ),
  },
  { key: 'verdict', title: 'Verdict', cell: (holder) => <TonePill words={auditWords(holder.standing)} /> },
  { key: 'last', title: 'Last passed', cell: (holder) => <TimeWords atMs={holder.standing.lastPassedAtMs} /> },
  { key: 'passed', title: 'Passed', align: 'right', cell: (holder) => holder.standing.passed.toLocaleString('en') },
  { key: 'failed', title: 'Failed', align: 'right', cell: (holder) => holder.standing.failed.toLocaleString('en') },
  { key: 'silent', title: 'No answer', align: 'right', cell: (holder) => holder.standing.timedOut.toLocaleString('en') },
  {
    key: 'why',
    title: 'What happened last',
    cell: ({ lastEvent }) =>
      lastEvent === null ? (
        'nothing'
      ) : (
        <span>
          {auditEventWords[lastEvent.kind].label}, <TimeWords atMs={lastEvent.atMs} />
          <Text size="xs" c="dimmed" maw={340}>
            {lastEvent.cause}
          </Text>
        </span>
      ),
  },
];

/** How every holder's record stands, those first that need a look. */
export function TeamAudits() {
  const { list, setList, search, setSearch } = useListQuery({ pageSize: 10 });
  return (
    <PanelCard
      flush
      title="Audits"
      note="At unforeseen moments every holder proves that it still has whole packs. Those that need a look come first."
      action={<SearchField label="Search by name" value={search} onChange={setSearch} />}
    >
      <ServerTable
        label="Audits"
        query={useQuery(teamAuditsQuery(list))}
        list={list}
        onList={setList}
        columns={columns}
        keyOf={(holder) => holder.deviceId}
        empty={
          <EmptyNotice icon={IconShieldSearch} title={list.search === undefined ? 'Nobody to audit yet' : 'No device matches'}>
            {list.search === undefined ? 'Devices appear here as soon as they have joined.' : 'Try another name.'}
          </EmptyNotice>
        }
      />
    </PanelCard>
  );
}
