import { Alert, Button, Code, Modal, Select, Stack, Text, TextInput, Radio, Group } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { ConflictRule, CreateRestore, DeviceDetail, DeviceSummary, Snapshot } from '#libs/contracts';
import { isRestoreName, restore } from '#libs/contracts';
import { call } from '../api/client.ts';
import { keyFingerprint } from '../devices/key-fingerprint.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import type { Totals } from '../vault-worker/protocol.ts';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import { conflictWords } from '../wording/states.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { absoluteTime, calendarDay } from '../wording/times.ts';
import { DeviceSelect } from './device-select.tsx';

type Place = 'named' | 'folder' | 'original';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly owner: DeviceDetail;
  readonly snapshot: Snapshot;
  readonly paths: readonly string[];
  readonly totals: Totals | undefined;
}

/** Which machine, where to, what with files that are there; then the worker seals the vault's key for that machine alone. */
export function SendDialog({ opened, onClose, owner, snapshot, paths, totals }: Props) {
  const navigate = useNavigate();
  const { ask } = useUnlockedVaults();
  const [target, setTarget] = useState<DeviceSummary | undefined>(owner.state === 'revoked' ? undefined : owner);
  const [place, setPlace] = useState<Place>('named');
  const [name, setName] = useState(`${owner.name} ${calendarDay(snapshot.receivedAtMs)}`.replaceAll(/[\\/:]/g, '-'));
  const [folder, setFolder] = useState('');
  const [conflict, setConflict] = useState<ConflictRule>('keep-both');
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const isOther = target !== undefined && target.deviceId !== owner.deviceId;
  const isName = isRestoreName(name);
  const absolute = folder.startsWith('/') || /^[A-Za-z]:[\\/]/.test(folder);

  const start = async (device: DeviceSummary): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      const order = {
        vaultId: snapshot.vaultId,
        snapshotSequence: snapshot.sequence,
        paths: [...paths],
        targetDeviceId: device.deviceId,
        destination: place === 'original' ? null : place === 'named' ? name.trim() : folder,
        conflict,
      };
      const sealedVaultKey = await ask('sealOrder', { order, boxKey: device.boxKey, nowMs: Date.now() });
      const body: CreateRestore = { ...order, sealedVaultKey };
      const made = await call(restore, 'restores', { method: 'POST', body });
      await navigate(`/restores/${made.restoreId}`);
    } catch (error) {
      setFailure(error);
      setWorking(false);
    }
  };

  return (
    <Modal opened={opened} onClose={onClose} size="lg" title="Send to a device" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack>
        <Text size="sm">
          {counted(paths.length, 'entry', 'entries')} of {owner.name} as of {absoluteTime(snapshot.receivedAtMs)}
          {totals === undefined ? '' : `: ${counted(totals.files, 'file')}, ${formatBytes(totals.bytes)}`}.{' '}
          {snapshot.restorableNow
            ? 'Every pack has a holder online now.'
            : 'Some packs have no holder online now; the restore waits for them.'}
        </Text>
        <DeviceSelect
          label="To which device"
          value={target}
          accept={(device) => device.state !== 'revoked' && device.state !== 'lost' && device.class !== 'coordinator'}
          onChange={setTarget}
        />
        <Radio.Group label="Where to" value={place} onChange={(value) => setPlace(value)}>
          <Group mt={6} gap="lg">
            <Radio value="named" label="Into its folder for restores" />
            <Radio value="folder" label="Into another folder" />
            <Radio value="original" label="To the original places" />
          </Group>
        </Radio.Group>
        {place === 'named' && (
          <TextInput
            label="Name of the new folder"
            description="Made in holdfast-restored, in the home folder of the agent’s user, unless that machine says otherwise."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={isName ? undefined : 'Give a name without a path'}
          />
        )}
        {place === 'folder' && (
          <TextInput
            label="Folder on that device"
            description="Absolute; made when it is not there."
            placeholder={target?.os.toLowerCase().includes('win') === true ? 'C:\\Restored' : '/home/ada/restored'}
            value={folder}
            onChange={(event) => setFolder(event.currentTarget.value)}
            error={folder !== '' && !absolute ? 'Give the whole path, from the root on' : undefined}
          />
        )}
        {place !== 'named' && isOther && (
          <Alert variant="light" color="indigo" icon={<IconInfoCircle aria-hidden />} title="Only where that machine allows it">
            {target.name} takes files of other machines from here only into its folder for restores, or where <Code>panelRestores</Code> in
            its backup.yaml says. On the machine itself, <Code>holdfast restore --device {owner.name}</Code> restores to any place.
          </Alert>
        )}
        <Select
          label="When a file is already there"
          allowDeselect={false}
          data={Object.entries(conflictWords).map(([value, label]) => ({ value, label }))}
          value={conflict}
          onChange={(value) => value !== null && setConflict(value as ConflictRule)}
        />
        {target !== undefined && (
          <Alert
            variant="light"
            color="indigo"
            icon={<IconInfoCircle aria-hidden />}
            title={target.online ? `${target.name} is online` : `${target.name} is offline`}
          >
            {target.online ? 'It starts within seconds.' : 'It starts as soon as that machine is online.'} The vault’s key is sealed for the
            device with the key <Code>{keyFingerprint(target.boxKey)}</Code>: only it can open it.
          </Alert>
        )}
        {failure !== undefined && <ErrorNotice error={failure} title="The restore was not started" />}
        <Button
          loading={working}
          disabled={target === undefined || (place === 'folder' && !absolute) || (place === 'named' && !isName)}
          onClick={() => target !== undefined && void start(target)}
        >
          Start the restore
        </Button>
      </Stack>
    </Modal>
  );
}
