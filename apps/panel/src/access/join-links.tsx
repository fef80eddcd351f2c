import { Button, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { IconLink } from '@tabler/icons-react';
import { useState } from 'react';
import type { JoinLink } from '#libs/contracts';
import { order } from '../api/client.ts';
import { joinLinksQuery } from '../api/queries.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import type { Column } from '../parts/server-table.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import { joinLinkWords } from '../wording/states.ts';

export function JoinLinks({ onNew }: { readonly onNew: () => void }) {
  const client = useQueryClient();
  const { list, setList } = useListQuery({ order: 'desc', pageSize: 10 });
  const [withdrawing, setWithdrawing] = useState<JoinLink>();
  const columns: readonly Column<JoinLink>[] = [
    { key: 'made', title: 'Made', cell: (link) => <TimeWords atMs={link.createdAtMs} /> },
    { key: 'state', title: 'State', cell: (link) => <TonePill words={joinLinkWords[link.state]} /> },
    { key: 'uses', title: 'Uses left', cell: (link) => `${link.usesLeft} of ${link.uses}` },
    { key: 'expires', title: 'Expires', cell: (link) => <TimeWords atMs={link.expiresAtMs} /> },
    { key: 'site', title: 'For', cell: (link) => `${link.class} at ${link.site}` },
    {
      key: 'withdraw',
      title: '',
      align: 'right',
      cell: (link) =>
        link.state === 'open' ? (
          <Button size="xs" variant="default" onClick={() => setWithdrawing(link)}>
            Withdraw
          </Button>
        ) : null,
    },
  ];
  return (
    <PanelCard title="Join links" flush>
      <ServerTable
        label="Join links"
        query={useQuery(joinLinksQuery(list))}
        list={list}
        onList={setList}
        columns={columns}
        keyOf={(link) => link.joinLinkId}
        empty={
          <EmptyNotice icon={IconLink} title="No join link yet" action={{ label: 'Make one', onClick: onNew }}>
            A machine joins with a link that is made here and works once.
          </EmptyNotice>
        }
      />
      <ConfirmDialog
        opened={withdrawing !== undefined}
        title="Withdraw this join link?"
        action="Withdraw"
        onClose={() => setWithdrawing(undefined)}
        onConfirm={async () => {
          await order(`join-links/${withdrawing?.joinLinkId ?? ''}`, { method: 'DELETE' });
          await client.invalidateQueries({ queryKey: ['join-links'] });
        }}
      >
        <Text size="sm">Nobody can join with it from now on. Devices that already joined stay.</Text>
      </ConfirmDialog>
    </PanelCard>
  );
}
