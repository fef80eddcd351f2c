import { Code, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconListSearch } from '@tabler/icons-react';
import type { AuditEntry } from '#libs/contracts';
import { auditLogQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { SearchField } from '../parts/search-field.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { useListQuery } from '../parts/use-list-query.ts';

const detailText = (detail: AuditEntry['detail']): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

const columns: readonly Column<AuditEntry>[] = [
  { key: 'when', title: 'When', cell: (entry) => <TimeWords atMs={entry.atMs} /> },
  { key: 'who', title: 'Who', cell: (entry) => entry.actor },
  { key: 'what', title: 'Did what', cell: (entry) => <Code>{entry.action}</Code> },
  {
    key: 'subject',
    title: 'To what',
    cell: (entry) => (
      <span>
        {entry.subject}
        <Text size="xs" c="dimmed" maw={420} lineClamp={2}>
          {detailText(entry.detail)}
        </Text>
      </span>
    ),
  },
  { key: 'number', title: 'Entry', align: 'right', cell: (entry) => entry.sequence },
];

export function AuditLog() {
  const { list, setList, search, setSearch } = useListQuery({ order: 'desc', pageSize: 20 });
  return (
    <PanelCard title="Audit log" flush action={<SearchField label="Search who, what or whom" value={search} onChange={setSearch} />}>
      <ServerTable
        label="Audit log"
        query={useQuery(auditLogQuery(list))}
        list={list}
        onList={setList}
        columns={columns}
        keyOf={(entry) => String(entry.sequence)}
        empty={
          <EmptyNotice icon={IconListSearch} title="No entry matches">
            Try other words.
          </EmptyNotice>
        }
      />
    </PanelCard>
  );
}
