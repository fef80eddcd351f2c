import { Button, FileInput, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconFileCertificate } from '@tabler/icons-react';
import type { FormEvent } from 'react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { SetupRequest } from '#libs/contracts';
import { enterSession } from '../api/enter-session.ts';
import { setupQuery } from '../api/queries.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { VaultWorkerClient } from '../vault-worker/worker-client.ts';
import { recoveryKeyOf } from './recovery-key-of.ts';
import type { NewTeam } from './team-step.tsx';

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
  const [file, setFile] = useState<File | null>(null);
  const [passphrase, setPassphrase] = useState('');
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>();

  const finish = async (): Promise<void> => {
    if (file === null) return;
    setWorking(true);
    setFailure(undefined);
    const worker = new VaultWorkerClient();
    try {
      await worker.call('checkKit', { kit: await file.text(), passphrase, recoveryKey: recoveryKeyOf(team.teamDocument) });
      const body: SetupRequest = { token, account, teamDocument: team.teamDocument, kitConfirmed: true };
      await enterSession(client, 'setup', body);
      await navigate('/', { replace: true });
      client.setQueryData(setupQuery.queryKey, { needed: false });
    } catch (error) {
      setFailure(error);
      setWorking(false);
    } finally {
      worker.close();
    }
  };

  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void finish();
      }}
    >
      <Stack>
        <Text size="sm">Choose the file that you have just stored, and type its passphrase. It is opened here, in your browser.</Text>
        <FileInput
          label="Recovery kit file"
          placeholder="holdfast-recovery-kit….json"
          leftSection={<IconFileCertificate size={18} aria-hidden />}
          accept=".json,application/json"
          value={file}
          onChange={setFile}
          required
          clearable
          clearButtonProps={{ 'aria-label': 'Remove the file' }}
        />
        <PasswordInput
          label="Recovery passphrase"
          autoComplete="off"
          required
          value={passphrase}
          onChange={(event) => setPassphrase(event.currentTarget.value)}
        />
        {failure !== undefined && <ErrorNotice error={failure} title="Not set up yet" />}
        <Group justify="space-between" mt="xs">
          <Button variant="default" onClick={onBack} disabled={working}>
            Back to the kit
          </Button>
          <Button type="submit" loading={working} disabled={file === null || passphrase === ''}>
            Open the kit and finish
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
