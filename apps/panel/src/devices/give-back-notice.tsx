import { Alert, Button, Text } from '@mantine/core';
import { IconRecycle } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { DeviceDetail } from '#libs/contracts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { absoluteTime } from '../wording/times.ts';
import { useGiveBackPlan } from './use-give-back-plan.ts';

/** On the page of a device whose space is being given back: until when that can be stopped, and where. */
export function GiveBackNotice({ device }: { readonly device: DeviceDetail }) {
  const open = useGiveBackPlan(device)?.open ?? [];
  if (open.length === 0) return null;
  const packs = open.reduce((sum, release) => sum + release.packs, 0);
  const bytes = open.reduce((sum, release) => sum + release.bytes, 0);
  const untilMs = open.reduce((latest, { holdUntilMs }) => Math.max(latest, holdUntilMs ?? 0), 0);
  const waits = open.some((release) => release.state === 'waiting');
  return (
    <Alert
      role="alert"
      variant="light"
      color={waits ? 'red' : 'indigo'}
      icon={<IconRecycle aria-hidden />}
      title={waits ? `Somebody wants to give the space of ${device.name} back` : `The space of ${device.name} is being given back`}
    >
      <Text size="sm" mb="xs">
        {`${counted(packs, 'pack')}, ${formatBytes(bytes)}. `}
        {waits
          ? 'Nothing is deleted before somebody approves it.'
          : untilMs > Date.now()
            ? `Holders keep all of it until ${absoluteTime(untilMs)}; until then this can be cancelled, and files can be restored.`
            : 'The hold is over: holders delete it as they come online. A cancel keeps what is left.'}
      </Text>
      <Button component={Link} to="/storage" size="xs" variant="default">
        Look at {open.length === 1 ? 'the release' : 'the releases'}
      </Button>
    </Alert>
  );
}
