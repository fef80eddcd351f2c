import { Button, Progress, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconPrinter } from '@tabler/icons-react';
import { Link, useParams } from 'react-router';
import type { Restore } from '#libs/contracts';
import { deviceQuery, restoreQuery } from '../api/queries.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { conflictWords, restoreWords } from '../wording/states.ts';
import { counted, formatBytes, formatDuration } from '../wording/quantities.ts';
import { absoluteTime } from '../wording/times.ts';
import { summaryWords } from './summary-words.ts';
import classes from './restore.module.css';

/** A restore while it runs, and its receipt afterwards: what, who, when, how it ended. */
export function ReceiptScreen() {
  const { restoreId = '' } = useParams();
  const query = useQuery(restoreQuery(restoreId));
  if (query.isPending) return <Skeleton height={320} radius="lg" role="status" aria-label="Loading the restore" />;
  if (query.data === undefined)
    return <ErrorNotice error={query.error} title="This restore can’t be shown" onRetry={() => void query.refetch()} />;
  const restore = query.data;
  const over = restore.state === 'done' || restore.state === 'failed';
  return (
    <>
      <PageTitle
        title={over ? 'Receipt of a restore' : 'Restore under way'}
        note="You can leave this page: the restore goes on."
        actions={
          <>
            {over && (
              <Button
                variant="default"
                leftSection={<IconPrinter size={17} aria-hidden />}
                onClick={() => window.print()}
                className="no-print"
              >
                Print
              </Button>
            )}
            <Button component={Link} to="/restore" className="no-print">
              Restore more
            </Button>
          </>
        }
      />
      <div className={classes['stack']}>
        {!over && <RestoreProgress restore={restore} />}
        {restore.state === 'failed' && (
          <ErrorNotice
            error={
              new Error(
                `${restore.errorMessage ?? 'The device gave no reason.'}${restore.errorCode === null ? '' : ` (${restore.errorCode})`}`,
              )
            }
            title="The restore failed"
          />
        )}
        <PanelCard title="What was asked for">
          <Receipt restore={restore} />
        </PanelCard>
      </div>
    </>
  );
}

function RestoreProgress({ restore }: { readonly restore: Restore }) {
  const progress = restore.progress;
  const share = progress === null || progress.bytesTotal === 0 ? 0 : Math.min(100, (progress.bytesDone / progress.bytesTotal) * 100);
  return (
    <PanelCard title={restoreWords[restore.state].label} note={progress?.current ?? restoreWords[restore.state].meaning}>
      <Progress.Root size="lg">
        <Progress.Section value={share} aria-label="Restored" />
      </Progress.Root>
      <p role="status">
        {progress === null
          ? 'Nothing written yet'
          : `${counted(progress.filesDone, 'file')} of ${progress.filesTotal.toLocaleString('en')}, ${formatBytes(progress.bytesDone)} of ${formatBytes(progress.bytesTotal)}`}
      </p>
    </PanelCard>
  );
}

function DeviceName({ deviceId }: { readonly deviceId: string }) {
  const device = useQuery(deviceQuery(deviceId));
  return <>{device.data?.name ?? deviceId}</>;
}

function Receipt({ restore }: { readonly restore: Restore }) {
  return (
    <dl className={classes['receipt']}>
      <dt>State</dt>
      <dd>
        <TonePill words={restoreWords[restore.state]} />
      </dd>
      <dt>Files of</dt>
      <dd>
        <DeviceName deviceId={restore.ownerDeviceId} />, snapshot {restore.snapshotSequence}
      </dd>
      <dt>To</dt>
      <dd>
        <DeviceName deviceId={restore.targetDeviceId} />, {restore.destination ?? 'to the original places'}
      </dd>
      <dt>What</dt>
      <dd>
        {restore.paths.length === 0 ? (
          'everything'
        ) : (
          <ul>
            {restore.paths.slice(0, 20).map((path) => (
              <li key={path}>{path}</li>
            ))}
            {restore.paths.length > 20 && <li>and {restore.paths.length - 20} more</li>}
          </ul>
        )}
      </dd>
      <dt>When there already</dt>
      <dd>{conflictWords[restore.conflict]}</dd>
      <dt>Asked by</dt>
      <dd>
        {restore.requestedBy}, {absoluteTime(restore.createdAtMs)}
      </dd>
      {restore.endedAtMs !== null && (
        <>
          <dt>Ended</dt>
          <dd>
            {absoluteTime(restore.endedAtMs)}, after {formatDuration(restore.endedAtMs - restore.createdAtMs)}
          </dd>
        </>
      )}
      {summaryWords(restore.summary).map(({ name, value }) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <dt>Receipt number</dt>
      <dd>{restore.restoreId}</dd>
    </dl>
  );
}
