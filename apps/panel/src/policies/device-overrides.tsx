import { Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { DeviceSummary } from '#libs/contracts';
import { PanelCard } from '../parts/panel-card.tsx';
import classes from './policies.module.css';
import { DeviceSelect } from '../restore/device-select.tsx';

/** The way to a single device's policy. */
export function DeviceOverrides() {
  const navigate = useNavigate();
  const [device, setDevice] = useState<DeviceSummary>();
  return (
    <Stack mt="lg">
      <PanelCard title="One device" note="A device may have its own schedule, folders or anything else.">
        <Stack className={classes['narrow']}>
          <DeviceSelect label="Device" value={device} accept={({ class: kind }) => kind !== 'coordinator'} onChange={setDevice} />
          <Button
            variant="default"
            disabled={device === undefined}
            onClick={() => device !== undefined && void navigate(`/policies/${device.deviceId}`)}
          >
            Show its policy
          </Button>
          <Text size="xs" c="dimmed">
            The device’s page has the same link.
          </Text>
        </Stack>
      </PanelCard>
    </Stack>
  );
}
