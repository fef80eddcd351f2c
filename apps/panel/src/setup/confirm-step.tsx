import { Button, Group, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import type { SetupRequest } from '#libs/contracts';
import { enterSession } from '../api/enter-session.ts';
import { setupQuery } from '../api/queries.ts';
import { RecoveryKitForm } from '../parts/recovery-kit-form.tsx';
import { VaultWorkerClient } from '../vault-worker/worker-client.ts';
import { recoveryKeyOf } from './recovery-key-of.ts';
import type { NewTeam } from './team-step.tsx';
import classes from './setup.module.css';

interface Props {
  readonly token: string;
  readonly account: SetupRequest['account'];
  readonly team: NewTeam;
  readonly onBack: () => void;
}

/** A kit that was never opened is a kit that may not open: set-up goes through only after it did. */
export function ConfirmStep({ token, account, team, onBack }: Props) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const finish = async (kit: string, passphrase: string): Promise<void> => {
    const worker = new VaultWorkerClient();
    try {
      await worker.call('checkKit', { kit, passphrase, recoveryKey: recoveryKeyOf(team.teamDocument) });
      const body: SetupRequest = { token, account, teamDocument: team.teamDocument, kitConfirmed: true };
      await enterSession(client, 'setup', body);
      await navigate('/', { replace: true });
      client.setQueryData(setupQuery.queryKey, { needed: false });
    } finally {
      worker.close();
    }
  };
  return (
    <Stack>
      <Text size="sm">Choose the file that you have just stored, and type its passphrase. It is opened here, in your browser.</Text>
      <RecoveryKitForm
        onKit={finish}
        placeholder="holdfast-recovery-kit….json"
        failureTitle="Not set up yet"
        className={classes['kit']}
        actions={({ ready, working }) => (
          <Group justify="space-between" mt="xs">
            <Button variant="default" onClick={onBack} disabled={working}>
              Back to the kit
            </Button>
            <Button type="submit" loading={working} disabled={!ready}>
              Open the kit and finish
            </Button>
          </Group>
        )}
      />
    </Stack>
  );
}
