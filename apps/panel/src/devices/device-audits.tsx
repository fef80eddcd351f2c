import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconShieldCheck } from '@tabler/icons-react';
import type { AuditEvent, DeviceDetail } from '#libs/contracts';
import { deviceAuditsQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import { auditEventWords } from '../wording/storage-words.ts';
import { AuditActions } from './audit-actions.tsx';
import { AuditFacts } from './audit-facts.tsx';

const columns: readonly Column<AuditEvent>[] = [
  { key: 'when', title: 'When', cell: (event) => <TimeWords atMs={event.atMs} /> },
  { key: 'what', title: 'What', cell: (event) => <TonePill words={auditEventWords[event.kind]} /> },
  {
    key: 'why',
    title: 'Why',
    cell: (event) => (
      <Text size="sm" maw={560}>
        {event.cause}
      </Text>
    ),
  },
];

/** Whether this device still has what it keeps for others: its record, and what happened, with causes. */
export function DeviceAudits({ device }: { readonly device: DeviceDetail }) {
  const { list, setList } = useListQuery({ pageSize: 10 });
  const options = deviceAuditsQuery(device.deviceId, list);
  const audits = useQuery(options).data;
  return (
    <PanelCard
      flush
      title="What it keeps for others"
      note="At unforeseen moments it proves that it still has whole packs."
      action={audits !== undefined && <AuditActions device={device} standing={audits.standing} />}
    >
      {audits !== undefined && <AuditFacts audits={audits} />}
      <ServerTable
        label="Audit events"
        query={useQuery({ ...options, select: ({ events }) => events })}
        list={list}
        onList={setList}
        columns={columns}
        keyOf={(event) => event.eventId}
        empty={
          <EmptyNotice icon={IconShieldCheck} title="Nothing happened">
            Failed audits and damaged packs would be listed here, each with its cause.
          </EmptyNotice>
        }
      />
    </PanelCard>
  );
}
