import { Button, Skeleton, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAdjustments, IconHistory } from '@tabler/icons-react';
import { Link, useParams } from 'react-router';
import { deviceQuery } from '../api/queries.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { DeviceActions } from './device-actions.tsx';
import { DeviceAudits } from './device-audits.tsx';
import { GiveBackNotice } from './give-back-notice.tsx';
import { DeviceFacts } from './device-facts.tsx';
import { GiveBackAction } from './give-back-action.tsx';
import { RunsTable } from './runs-table.tsx';
import { SnapshotsTable } from './snapshots-table.tsx';
import classes from './device.module.css';

/** One device: how its data is, its snapshots and runs, whether it keeps what it holds for others, and what can be done. */
export function DeviceScreen() {
  const { deviceId = '' } = useParams();
  const device = useQuery(deviceQuery(deviceId));
  if (device.isPending) return <Skeleton height={300} radius="lg" role="status" aria-label="Loading the device" />;
  if (device.data === undefined)
    return <ErrorNotice error={device.error} onRetry={() => void device.refetch()} title="This device can’t be shown" />;
  const data = device.data;
  return (
    <>
      <PageTitle
        title={data.name}
        note={`${data.class === 'anchor' ? 'Anchor' : 'Workstation'} at ${data.site}, ${data.os}, agent ${data.agentVersion}`}
        actions={
          <>
            {data.snapshots > 0 && (
              <Button component={Link} to={`/restore?device=${data.deviceId}`} leftSection={<IconHistory size={17} aria-hidden />}>
                Restore files
              </Button>
            )}
            <GiveBackAction device={data} />
            <DeviceActions device={data} />
          </>
        }
      />
      <div className={classes['stack']}>
        <GiveBackNotice device={data} />
        <DeviceFacts device={data} />
        <PanelCard
          title="Its backups"
          action={
            <Button
              component={Link}
              to={`/policies/${data.deviceId}`}
              size="xs"
              variant="default"
              leftSection={<IconAdjustments size={15} aria-hidden />}
            >
              Policy of this device
            </Button>
          }
          flush
        >
          <Tabs defaultValue="snapshots" keepMounted={false}>
            <Tabs.List px="md">
              <Tabs.Tab value="snapshots">Snapshots</Tabs.Tab>
              <Tabs.Tab value="runs">Runs</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="snapshots">
              <SnapshotsTable deviceId={data.deviceId} />
            </Tabs.Panel>
            <Tabs.Panel value="runs">
              <RunsTable deviceId={data.deviceId} />
            </Tabs.Panel>
          </Tabs>
        </PanelCard>
        <DeviceAudits device={data} />
      </div>
    </>
  );
}
