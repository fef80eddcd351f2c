import { Alert, Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { IconDatabaseExclamation } from '@tabler/icons-react';
import { order } from '../api/client.ts';
import { rebuildQuery } from '../api/queries.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { notifyDone } from '../parts/notify.ts';
import { useDecider } from '../parts/use-decider.ts';

/** Names shown at most: the list of a large team is no sentence any more. */
const shownNames = 5;

/** While the coordinator gets its memory back: what stands still, whom it waits for, and leave to go on without them. */
export function RebuildNotice() {
  const client = useQueryClient();
  const rebuild = useQuery(rebuildQuery).data;
  const mayDecide = useDecider();
  const [asking, dialog] = useDisclosure(false);
  if (rebuild?.frozen !== true) return null;
  const names = rebuild.waitingFor.map((device) => device.deviceName);
  const listed = `${names.slice(0, shownNames).join(', ')}${names.length > shownNames ? ` and ${names.length - shownNames} more` : ''}`;
  const go = async (): Promise<void> => {
    await order('rebuild/go', { method: 'POST', body: {} });
    notifyDone('Repair goes on', 'Devices that come later still report what they hold.');
    await client.invalidateQueries();
  };
  return (
    <Alert role="alert" variant="light" color="red" icon={<IconDatabaseExclamation aria-hidden />} title={rebuild.reason}>
      <Text size="sm" mb="xs">
        {rebuild.cause} {rebuild.nextStep} Waiting for {listed}.
      </Text>
      {mayDecide && (
        <Button size="xs" variant="default" onClick={dialog.open}>
          Go on without them
        </Button>
      )}
      <ConfirmDialog opened={asking} title="Let repair go on?" action="Go on without them" onClose={dialog.close} onConfirm={go}>
        <Text size="sm">
          What these devices hold counts only as far as their colleagues’ receipts show it: packs may be copied again that they still have.
          Releases can be approved again. It can’t be taken back.
        </Text>
      </ConfirmDialog>
    </Alert>
  );
}
