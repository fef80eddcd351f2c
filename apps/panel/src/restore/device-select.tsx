import { Group, Select, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeviceSummary } from '#libs/contracts';
import { devicesQuery } from '../api/queries.ts';

interface Props {
  readonly label: string;
  readonly description?: string;
  readonly value: DeviceSummary | undefined;
  readonly accept: (device: DeviceSummary) => boolean;
  readonly onChange: (device: DeviceSummary) => void;
}

/** Finds a device by typing part of its name; the search runs on the server. */
export function DeviceSelect({ label, description, value, accept, onChange }: Props) {
  const [typed, setTyped] = useState('');
  const [settled] = useDebouncedValue(typed, 200);
  // What stands in the field after choosing is the chosen name: that is no search.
  const search = value !== undefined && settled === value.name ? '' : settled;
  const devices = useQuery(
    devicesQuery({ page: 1, pageSize: 100, sort: 'name', order: 'asc', search: search === '' ? undefined : search }),
  );
  const found = (devices.data?.items ?? []).filter(accept);
  const all = value === undefined || found.some(({ deviceId }) => deviceId === value.deviceId) ? found : [value, ...found];
  const byId = new Map(all.map((device) => [device.deviceId as string, device]));
  return (
    <Select
      label={label}
      description={description}
      placeholder="Type a device’s name"
      searchable
      allowDeselect={false}
      data={all.map((device) => ({ value: device.deviceId as string, label: device.name }))}
      filter={({ options }) => options}
      value={value?.deviceId ?? null}
      onSearchChange={setTyped}
      onChange={(id) => {
        const device = id === null ? undefined : byId.get(id);
        if (device !== undefined) onChange(device);
      }}
      nothingFoundMessage={devices.isPending ? 'Searching …' : 'No device matches'}
      renderOption={({ option }) => {
        const device = byId.get(option.value);
        return (
          <Group justify="space-between" wrap="nowrap" w="100%">
            <Text size="sm">{option.label}</Text>
            <Text size="xs" c="dimmed">
              {device?.site}, {device?.online === true ? 'online' : 'offline'}
            </Text>
          </Group>
        );
      }}
    />
  );
}
