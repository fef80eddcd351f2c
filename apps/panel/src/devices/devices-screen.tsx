import { Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { IconDevicesPlus, IconDownload, IconPlus, IconSearchOff } from '@tabler/icons-react';
import { useState } from 'react';
import { devicesQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { notifyFailure } from '../parts/notify.ts';
import { PageTitle } from '../parts/page-title.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { useListQuery } from '../parts/use-list-query.ts';
import { counted } from '../wording/quantities.ts';
import { AddDeviceDialog } from './add-device-dialog.tsx';
import { deviceColumns } from './device-columns.tsx';
import { exportDevices } from './export-devices.ts';

export function DevicesScreen() {
  const { list, setList, search, setSearch } = useListQuery({ sort: 'name', order: 'asc' });
  const devices = useQuery(devicesQuery(list));
  const [adding, dialog] = useDisclosure(false);
  const [exporting, setExporting] = useState(false);
  const runExport = (): void => {
    setExporting(true);
    exportDevices(list)
      .catch((error: unknown) => notifyFailure('The list could not be exported', error))
      .finally(() => setExporting(false));
  };
  return (
    <>
      <PageTitle
        title="Devices"
        note="Every workstation and anchor of the team: is it protected, and what does it hold for others."
        actions={
          <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={dialog.open}>
            Add a device
          </Button>
        }
      />
      <PanelCard
        flush
        title={devices.data === undefined ? 'All devices' : counted(devices.data.total, 'device')}
        action={
          <Group gap="sm">
            <SearchField label="Search by name, site or system" value={search} onChange={setSearch} />
            <Button
              variant="default"
              leftSection={<IconDownload size={17} aria-hidden />}
              loading={exporting}
              disabled={devices.data === undefined || devices.data.total === 0}
              onClick={runExport}
            >
              Export CSV
            </Button>
          </Group>
        }
      >
        <ServerTable
          label="Devices"
          query={devices}
          list={list}
          onList={setList}
          columns={deviceColumns}
          keyOf={(device) => device.deviceId}
          empty={
            list.search === undefined ? (
              <EmptyNotice icon={IconDevicesPlus} title="No device yet" action={{ label: 'Add the first device', onClick: dialog.open }}>
                Make a join link here, run one command on the workstation, and it appears in this list.
              </EmptyNotice>
            ) : (
              <EmptyNotice
                icon={IconSearchOff}
                title="No device matches"
                action={{ label: 'Show all devices', onClick: () => setSearch('') }}
              >
                Nothing has “{list.search}” in its name, site or system.
              </EmptyNotice>
            )
          }
        />
      </PanelCard>
      <AddDeviceDialog opened={adding} onClose={dialog.close} />
    </>
  );
}
