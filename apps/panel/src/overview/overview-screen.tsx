import { Button, Skeleton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { IconDevicesPlus, IconPlus } from '@tabler/icons-react';
import { overviewQuery, teamPolicyQuery } from '../api/queries.ts';
import { AddDeviceDialog } from '../devices/add-device-dialog.tsx';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { Banner } from './banner.tsx';
import { BundleFacts } from './bundle-facts.tsx';
import { FigureRow } from './figure-row.tsx';
import { HistoryChart } from './history-chart.tsx';
import { LastNight } from './last-night.tsx';
import { ReasonList } from './reason-list.tsx';
import { RebuildNotice } from './rebuild-notice.tsx';
import { ReleaseNotice } from './release-notice.tsx';
import { RepairFacts, StorageFacts } from './facts.tsx';
import { ReplicaHistogram } from './replica-histogram.tsx';
import classes from './overview.module.css';

/** Whether everyone is protected; what is at risk and why; what needs a person. */
export function OverviewScreen() {
  const overview = useQuery(overviewQuery);
  const policy = useQuery(teamPolicyQuery);
  const [adding, dialog] = useDisclosure(false);
  const data = overview.data;
  const minimum = policy.data?.team.replicas.minimum ?? 2;
  return (
    <>
      <PageTitle
        title="Overview"
        actions={
          <Button leftSection={<IconPlus size={17} aria-hidden />} variant="default" onClick={dialog.open}>
            Add a device
          </Button>
        }
      />
      {overview.isError && data === undefined && <ErrorNotice error={overview.error} onRetry={() => void overview.refetch()} />}
      {overview.isPending && <OverviewSkeleton />}
      {data?.level === 'empty' && (
        <PanelCard title="Welcome">
          <EmptyNotice icon={IconDevicesPlus} title="No device yet" action={{ label: 'Add the first device', onClick: dialog.open }}>
            Holdfast keeps each workstation’s files, encrypted, on the spare disks of the others. Add three or more devices and everyone can
            be protected.
          </EmptyNotice>
        </PanelCard>
      )}
      {data !== undefined && data.level !== 'empty' && (
        <div className={classes['stack']}>
          <Banner overview={data} />
          <RebuildNotice />
          <ReleaseNotice />
          <FigureRow overview={data} />
          {data.reasons.length > 0 && <ReasonList reasons={data.reasons} />}
          <LastNight lastNight={data.lastNight} atMs={data.atMs} />
          <div className={classes['pair']}>
            <ReplicaHistogram histogram={data.replicaHistogram} minimum={minimum} />
            <HistoryChart history={data.history} />
          </div>
          <div className={classes['pair']}>
            <StorageFacts storage={data.storage} />
            <RepairFacts repair={data.repair} />
          </div>
          <BundleFacts />
        </div>
      )}
      <AddDeviceDialog opened={adding} onClose={dialog.close} />
    </>
  );
}

function OverviewSkeleton() {
  return (
    <div className={classes['stack']} role="status" aria-label="Loading the overview">
      <Skeleton height={92} radius="lg" />
      <Skeleton height={104} radius="lg" />
      <Skeleton height={220} radius="lg" />
      <Skeleton height={280} radius="lg" />
    </div>
  );
}
