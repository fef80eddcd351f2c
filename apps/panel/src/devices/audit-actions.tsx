import { Button, Group, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconShieldSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { AuditStanding, DeviceDetail } from '#libs/contracts';
import { order } from '../api/client.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { notifyDone, notifyFailure } from '../parts/notify.ts';
import { useDecider } from '../parts/use-decider.ts';

/** Audit a holder now, and believe it again before it has earned it. */
export function AuditActions({ device, standing }: { readonly device: DeviceDetail; readonly standing: AuditStanding }) {
  const client = useQueryClient();
  const mayDecide = useDecider();
  const [believing, dialog] = useDisclosure(false);
  const [note, setNote] = useState('');
  const audit = useMutation({
    mutationFn: () => order(`devices/${device.deviceId}/audits`, { method: 'POST', body: {} }),
    onSuccess: async () => {
      notifyDone('Audit asked for', `${device.name} proves all that it holds${device.online ? '' : ', as soon as it is online'}.`);
      await client.invalidateQueries({ queryKey: ['devices', device.deviceId] });
    },
    onError: (error) => notifyFailure('No audit was asked for', error),
  });
  if (!mayDecide || device.state === 'revoked') return null;
  return (
    <Group gap="sm">
      {standing.quarantine !== null && (
        <Button size="xs" variant="default" onClick={dialog.open}>
          Believe it again
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconShieldSearch size={15} aria-hidden />}
        loading={audit.isPending}
        onClick={() => audit.mutate()}
      >
        Audit all of it now
      </Button>
      <ConfirmDialog
        opened={believing}
        title={`Believe ${device.name} again?`}
        action="Believe it again"
        ready={note.trim() !== ''}
        onClose={dialog.close}
        onConfirm={async () => {
          await order(`devices/${device.deviceId}/audits/release`, { method: 'POST', body: { note: note.trim() } });
          notifyDone(`${device.name} is believed again`);
          setNote('');
          await client.invalidateQueries({ queryKey: ['devices'] });
        }}
      >
        <Text size="sm" mb="sm">
          What it holds counts from now on, but for packs that failed by themselves. Do this when the cause is known and gone, such as a
          disk that was replaced.
        </Text>
        <TextInput
          label="Why"
          description="Kept in the audit log."
          maxLength={300}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          data-autofocus
        />
      </ConfirmDialog>
    </Group>
  );
}
