import { Anchor, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { DeviceSummary } from '#libs/contracts';
import type { Column } from '../parts/server-table.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { deviceProtectionWords, deviceStateOf } from '../wording/states.ts';
import { formatBytes } from '../wording/quantities.ts';

export const deviceColumns: readonly Column<DeviceSummary>[] = [
  {
    key: 'name',
    title: 'Device',
    sort: 'name',
    cell: (device) => (
      <span>
        <Anchor component={Link} to={`/devices/${device.deviceId}`} fw={600} size="sm">
          {device.name}
        </Anchor>
        <Text size="xs" c="dimmed">
          {device.class === 'anchor' ? 'anchor · ' : ''}
          {device.site} · {device.os.split(' ')[0]}
        </Text>
      </span>
    ),
  },
  {
    key: 'protection',
    title: 'Its data',
    cell: (device) => (
      <span>
        <TonePill words={deviceProtectionWords(device)} />
        {device.rpoMet !== null && (
          <Text size="xs" c="dimmed" mt={3}>
            RPO {device.rpoMet ? 'met' : 'missed'}
          </Text>
        )}
      </span>
    ),
  },
  {
    key: 'state',
    title: 'State',
    sort: 'state',
    cell: (device) => {
      const words = { ...deviceStateOf(device), meaning: device.stateReason };
      return (
        <span>
          <TonePill words={words} />
          {words.tone !== 'neutral' && (
            <Text size="xs" c="dimmed" mt={3} maw={230}>
              {device.stateReason}
            </Text>
          )}
        </span>
      );
    },
  },
  { key: 'captured', title: 'Last captured', sort: 'lastCapturedAtMs', cell: (device) => <TimeWords atMs={device.lastCapturedAtMs} /> },
  { key: 'protected', title: 'Last protected', sort: 'lastProtectedAtMs', cell: (device) => <TimeWords atMs={device.lastProtectedAtMs} /> },
  { key: 'vault', title: 'Its vault', sort: 'vaultBytes', align: 'right', cell: (device) => formatBytes(device.vaultBytes) },
  { key: 'held', title: 'Held for others', sort: 'heldBytes', align: 'right', cell: (device) => formatBytes(device.heldBytes) },
];
