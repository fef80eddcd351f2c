import { Alert, Button, Group, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';
import type { TeamDocument } from '#libs/contracts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { VaultWorkerClient } from '../vault-worker/worker-client.ts';

export interface NewTeam {
  readonly name: string;
  readonly createdAtMs: number;
  readonly teamDocument: TeamDocument;
  readonly recoveryKit: string;
}

const minimumPassphraseLength = 12;

/** Names the team and makes its keys in a worker, which is closed as soon as the sealed kit is there. */
export function TeamStep({
  coordinatorKey,
  onBack,
  onDone,
}: {
  readonly coordinatorKey: string;
  readonly onBack: () => void;
  readonly onDone: (team: NewTeam) => void;
}) {
  const [making, setMaking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const form = useForm({
    initialValues: { name: '', passphrase: '', repeated: '' },
    validate: {
      name: (value) => (value.trim() === '' ? 'Name the team' : value.trim().length > 100 ? 'At most 100 characters' : null),
      passphrase: (value) =>
        value.length < minimumPassphraseLength ? `At least ${minimumPassphraseLength} characters; several words are good` : null,
      repeated: (value, values) => (value === values.passphrase ? null : 'The two passphrases differ'),
    },
  });

  const make = async ({ name, passphrase }: { name: string; passphrase: string }): Promise<void> => {
    setMaking(true);
    setFailure(undefined);
    const worker = new VaultWorkerClient();
    try {
      const createdAtMs = Date.now();
      const made = await worker.call('createTeam', { name: name.trim(), passphrase, coordinatorKey, nowMs: createdAtMs });
      onDone({ name: name.trim(), createdAtMs, ...made });
    } catch (error) {
      setFailure(error);
      setMaking(false);
    } finally {
      worker.close();
    }
  };

  return (
    <form onSubmit={form.onSubmit((values) => void make(values))} noValidate>
      <Stack>
        <TextInput label="Team name" placeholder="Acme Design" required disabled={making} {...form.getInputProps('name')} />
        <Alert variant="light" color="indigo" icon={<IconKey aria-hidden />} title="The recovery passphrase">
          It seals the recovery kit, which can open every backup of the team. Nobody can reset it: not the coordinator, not us. Several
          random words are best.
        </Alert>
        <PasswordInput label="Recovery passphrase" autoComplete="off" required disabled={making} {...form.getInputProps('passphrase')} />
        <PasswordInput label="The same again" autoComplete="off" required disabled={making} {...form.getInputProps('repeated')} />
        {failure !== undefined && <ErrorNotice error={failure} title="The keys could not be made" />}
        <Group justify="space-between" mt="xs">
          <Button variant="default" onClick={onBack} disabled={making}>
            Back
          </Button>
          <Button type="submit" loading={making}>
            Make the team’s keys
          </Button>
        </Group>
        <p className="visually-hidden" role="status">
          {making ? 'Making the keys, this takes a few seconds.' : ''}
        </p>
      </Stack>
    </form>
  );
}
