import { Alert } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import type { DeviceDetail } from '#libs/contracts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { DeviceSelect } from './device-select.tsx';

export function OwnerPicker({
  owner,
  failure,
  onChoose,
}: {
  readonly owner: DeviceDetail | undefined;
  readonly failure: unknown;
  readonly onChoose: (deviceId: string) => void;
}) {
  return (
    <PanelCard title="Whose files?">
      <DeviceSelect
        label="Device whose backups to restore from"
        value={owner}
        accept={(device) => device.vaultId !== null}
        onChange={(device) => onChoose(device.deviceId)}
      />
      {failure !== null && failure !== undefined && owner === undefined && <ErrorNotice error={failure} />}
      {owner?.vaultId === null && (
        <Alert mt="md" variant="light" color="yellow" icon={<IconInfoCircle aria-hidden />}>
          {owner.name} has captured nothing yet, so there is nothing to restore.
        </Alert>
      )}
    </PanelCard>
  );
}
