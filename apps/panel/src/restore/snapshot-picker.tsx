import { Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconArrowLeft, IconArrowRight, IconCamera } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { DeviceDetail, Snapshot } from '#libs/contracts';
import { snapshotsQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageLoading } from '../parts/page-loading.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { snapshotWords } from '../wording/states.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { absoluteTime } from '../wording/times.ts';
import classes from './restore.module.css';

/** As many as one page of the API carries; retention keeps far fewer. */
const shownSnapshots = 500;

interface Props {
  readonly owner: DeviceDetail;
  readonly sequence: number | undefined;
  readonly onChoose: (sequence: number) => void;
  readonly children: (snapshot: Snapshot) => ReactNode;
}

/** Which day: newest first, with steps to the one before and after. */
export function SnapshotPicker({ owner, sequence, onChoose, children }: Props) {
  const snapshots = useQuery(snapshotsQuery(owner.deviceId, { page: 1, pageSize: shownSnapshots, order: 'desc' }));
  if (snapshots.isPending) return <PageLoading words="Loading the snapshots" />;
  if (snapshots.data === undefined) return <ErrorNotice error={snapshots.error} onRetry={() => void snapshots.refetch()} />;
  const items = snapshots.data.items.toSorted((a, b) => b.sequence - a.sequence);
  if (items.length === 0)
    return (
      <PanelCard title="Which day?">
        <EmptyNotice icon={IconCamera} title="No snapshot yet">
          {owner.name} has not finished a backup.
        </EmptyNotice>
      </PanelCard>
    );
  const at = Math.max(
    0,
    items.findIndex((snapshot) => snapshot.sequence === sequence),
  );
  const chosen = items[at]!;
  const step = (to: number): void => {
    const next = items[to];
    if (next !== undefined) onChoose(next.sequence);
  };
  return (
    <>
      <PanelCard title="Which day?">
        <div className={classes['snapshotRow']}>
          <Select
            className={classes['grow']}
            label="Snapshot"
            searchable
            allowDeselect={false}
            data={items.map((snapshot) => ({
              value: String(snapshot.sequence),
              label: `${absoluteTime(snapshot.receivedAtMs)} · number ${snapshot.sequence}`,
            }))}
            value={String(chosen.sequence)}
            onChange={(value) => value !== null && onChoose(Number(value))}
          />
          <Button
            variant="default"
            leftSection={<IconArrowLeft size={16} aria-hidden />}
            disabled={at >= items.length - 1}
            onClick={() => step(at + 1)}
          >
            Older
          </Button>
          <Button
            variant="default"
            rightSection={<IconArrowRight size={16} aria-hidden />}
            disabled={at === 0}
            onClick={() => step(at - 1)}
          >
            Newer
          </Button>
        </div>
        <div className={classes['facts']}>
          <TonePill words={snapshotWords(chosen)} />
          <span>{counted(chosen.stats.files, 'file')}</span>
          <span>{formatBytes(chosen.stats.bytes)}</span>
          <span>{counted(chosen.packs, 'pack')}</span>
          <span>
            {chosen.restorableNow
              ? 'Every pack has a holder online now'
              : 'Some packs have no holder online now: part of the files has to wait'}
          </span>
        </div>
      </PanelCard>
      {children(chosen)}
    </>
  );
}
