import { Button, List, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconPlayerPlay, IconUserX } from '@tabler/icons-react';
import type { DeviceDetail } from '#libs/contracts';
import { order } from '../api/client.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { notifyDone, notifyFailure } from '../parts/notify.ts';

/** Back up now, and revoke. */
export function DeviceActions({ device }: { readonly device: DeviceDetail }) {
  const client = useQueryClient();
  const [revoking, dialog] = useDisclosure(false);
  const backup = useMutation({
    mutationFn: () => order(`devices/${device.deviceId}/backup`, { method: 'POST', body: {} }),
    onSuccess: async () => {
      notifyDone(
        'Backup asked for',
        device.online ? `${device.name} starts within seconds.` : `${device.name} starts as soon as it is online.`,
      );
      await client.invalidateQueries({ queryKey: ['runs', device.deviceId] });
    },
    onError: (error) => notifyFailure('No backup was started', error),
  });
  const revoke = async (): Promise<void> => {
    await order(`devices/${device.deviceId}/revoke`, { method: 'POST', body: {} });
    notifyDone(`${device.name} is revoked`, 'Its packs elsewhere stay, so its files can still be restored.');
    await client.invalidateQueries();
  };
  if (device.state === 'revoked') return null;
  return (
    <>
      {device.class !== 'coordinator' && (
        <Button
          variant="default"
          leftSection={<IconPlayerPlay size={17} aria-hidden />}
          loading={backup.isPending}
          onClick={() => backup.mutate()}
        >
          Back up now
        </Button>
      )}
      <Button variant="default" leftSection={<IconUserX size={17} aria-hidden />} onClick={dialog.open} c="var(--mantine-color-error)">
        Revoke
      </Button>
      <ConfirmDialog
        opened={revoking}
        title={`Revoke ${device.name}?`}
        action="Revoke this device"
        typed={device.name}
        onClose={dialog.close}
        onConfirm={revoke}
      >
        <Text size="sm" mb="xs">
          For a stolen or lost machine. It can’t be taken back; the machine would have to join again.
        </Text>
        <List size="sm" spacing={4}>
          <List.Item>Within a minute no colleague’s machine talks to it.</List.Item>
          <List.Item>What it held for others counts as gone and is repaired at once.</List.Item>
          <List.Item>Its own backups stay and can be restored elsewhere.</List.Item>
        </List>
      </ConfirmDialog>
    </>
  );
}
