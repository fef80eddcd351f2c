import { Anchor, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { RootReleasePlan } from '#libs/contracts';
import { sessionQuery } from '../api/queries.ts';
import { notifyDone } from '../parts/notify.ts';
import { RecoveryKitForm } from '../parts/recovery-kit-form.tsx';
import { GiveBackFacts } from './give-back-facts.tsx';
import { giveBack } from './give-back.ts';
import classes from './device.module.css';

interface Props {
  readonly plan: RootReleasePlan;
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** Says what it means, asks for the device's name and the recovery kit, and signs in a worker of this browser. */
export function GiveBackDialog({ plan, opened, onClose }: Props) {
  const client = useQueryClient();
  const team = useQuery(sessionQuery).data?.team;
  const [typed, setTyped] = useState('');
  const [statement, setStatement] = useState(0);
  const { deviceName, deviceId, snapshots, statements } = plan;
  const sign = async (kit: string, passphrase: string): Promise<void> => {
    try {
      await giveBack({ plan, team: team!, kit, passphrase, onStatement: setStatement });
      notifyDone(`The space of ${deviceName} will be given back`, 'Its hold has begun. Until that is over it can be cancelled.');
      onClose();
    } finally {
      setStatement(0);
      await client.invalidateQueries();
    }
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={`Give the space of ${deviceName} back?`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <GiveBackFacts plan={plan} />
        {snapshots > 0 && (
          <Text size="sm">
            Is anything of it still needed?{' '}
            <Anchor component={Link} to={`/restore?device=${deviceId}`} size="sm" underline="always">
              Restore it first
            </Anchor>
          </Text>
        )}
        <TextInput
          label={`Type “${deviceName}” to go on`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          data-autofocus
        />
        <Text size="sm" c="dimmed">
          The device can no longer agree to this, so the team’s root signs in its place. The recovery kit is opened in this browser only.
        </Text>
        <RecoveryKitForm
          onKit={sign}
          placeholder="Choose the file"
          failureTitle="The space was not given back"
          className={classes['kit']}
          actions={({ ready, working }) => (
            <Group justify="flex-end" mt="xs">
              <Text size="sm" c="dimmed" role="status">
                {statement > 0 && statements > 1 ? `Signing part ${statement} of ${statements}` : ''}
              </Text>
              <Button variant="default" onClick={onClose} disabled={working}>
                Leave it
              </Button>
              <Button type="submit" color="red" loading={working} disabled={!ready || typed.trim() !== deviceName || team === undefined}>
                Sign and give it back
              </Button>
            </Group>
          )}
        />
      </Stack>
    </Modal>
  );
}
