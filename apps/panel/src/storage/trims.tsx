import { Button, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { IconCopyOff } from '@tabler/icons-react';
import { useState } from 'react';
import type { TrimView } from '#libs/contracts';
import { order } from '../api/client.ts';
import { trimsQuery } from '../api/queries.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { notifyDone } from '../parts/notify.ts';
import { PanelCard } from '../parts/panel-card.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useDecider } from '../parts/use-decider.ts';
import { useListQuery } from '../parts/use-list-query.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { trimWords } from '../wording/storage-words.ts';

/** Copies beyond what is wanted that single holders let go. */
export function Trims() {
  const client = useQueryClient();
  const { list, setList } = useListQuery({ order: 'desc', pageSize: 10 });
  const [keeping, setKeeping] = useState<TrimView>();
  const mayDecide = useDecider();
  const columns: readonly Column<TrimView>[] = [
    {
      key: 'holder',
      title: 'Holder',
      cell: (trim) => (
        <span>
          {trim.holderName}
          <Text size="xs" c="dimmed">
            lets copies of {trim.deviceName} go
          </Text>
        </span>
      ),
    },
    { key: 'state', title: 'State', cell: (trim) => <TonePill words={trimWords[trim.state]} /> },
    {
      key: 'what',
      title: 'What',
      align: 'right',
      cell: (trim) => `${counted(trim.packs, 'pack')}, ${formatBytes(trim.bytes)}`,
    },
    { key: 'since', title: 'Since', cell: (trim) => <TimeWords atMs={trim.receivedAtMs} /> },
    { key: 'until', title: 'Kept until', cell: (trim) => (trim.state === 'holding' ? <TimeWords atMs={trim.holdUntilMs} /> : '–') },
    {
      key: 'keep',
      title: '',
      align: 'right',
      cell: (trim) =>
        mayDecide && trim.state === 'holding' ? (
          <Button size="xs" variant="default" onClick={() => setKeeping(trim)}>
            Keep<span className="visually-hidden"> the copies at {trim.holderName}</span>
          </Button>
        ) : null,
    },
  ];
  return (
    <PanelCard
      flush
      title="Surplus copies"
      note="A device came back after its packs were copied again, or the target was lowered: one copy more than wanted is let go. At least three others have each."
    >
      <ServerTable
        label="Surplus copies"
        query={useQuery(trimsQuery(list))}
        list={list}
        onList={setList}
        columns={columns}
        keyOf={(trim) => trim.releaseId}
        empty={
          <EmptyNotice icon={IconCopyOff} title="No surplus copies">
            No holder was told to let a copy go.
          </EmptyNotice>
        }
      />
      <ConfirmDialog
        opened={keeping !== undefined}
        title="Keep these copies?"
        action="Keep them"
        dismiss="Leave it"
        onClose={() => setKeeping(undefined)}
        onConfirm={async () => {
          await order(`trims/${keeping?.releaseId ?? ''}/cancel`, { method: 'POST', body: {} });
          notifyDone('The copies stay');
          await client.invalidateQueries({ queryKey: ['trims'] });
        }}
      >
        <Text size="sm">The holder keeps them, and they count again. While there are more copies than wanted, it may be asked again.</Text>
      </ConfirmDialog>
    </PanelCard>
  );
}
