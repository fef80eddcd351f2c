import { Code } from '@mantine/core';
import type { DeviceDetail } from '#libs/contracts';
import { PanelCard } from '../parts/panel-card.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { deviceProtectionWords, deviceStateOf, deviceStateWords } from '../wording/states.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { Fact } from './fact.tsx';
import { keyFingerprint } from './key-fingerprint.ts';
import classes from './device.module.css';

export function DeviceFacts({ device }: { readonly device: DeviceDetail }) {
  return (
    <PanelCard title="At a glance">
      <dl className={classes['facts']}>
        <Fact name="Its data">
          <TonePill words={deviceProtectionWords(device)} />
        </Fact>
        <Fact name="State" note={device.stateReason}>
          {device.online ? 'Online' : deviceStateWords[device.state].label}
          {device.shed !== null && `, ${deviceStateOf(device).label.toLowerCase()}`}
        </Fact>
        <Fact name="Last seen">
          <TimeWords atMs={device.lastSeenAtMs} />
        </Fact>
        <Fact name="Last captured">
          <TimeWords atMs={device.lastCapturedAtMs} />
        </Fact>
        <Fact
          name="Last protected"
          note={device.rpoMet === null ? undefined : device.rpoMet ? 'as fresh as promised' : 'older than promised'}
        >
          <TimeWords atMs={device.lastProtectedAtMs} />
        </Fact>
        <Fact name="Its vault" note={counted(device.snapshots, 'snapshot')}>
          {formatBytes(device.vaultBytes)}
        </Fact>
        <Fact name="Held for others" note={counted(device.heldPacks, 'pack')}>
          {formatBytes(device.heldBytes)}
        </Fact>
        <Fact name="Room for more packs" note={`${formatBytes(device.freeBytes)} free on the disk`}>
          {formatBytes(device.availableForPacksBytes)}
        </Fact>
        <Fact name="Key of this device" note="the start of its public key">
          <Code>{keyFingerprint(device.boxKey)}</Code>
        </Fact>
      </dl>
    </PanelCard>
  );
}
