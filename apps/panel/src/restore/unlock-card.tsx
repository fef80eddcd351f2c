import { Button, FileInput, PasswordInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconFileCertificate, IconLockOpen } from '@tabler/icons-react';
import type { FormEvent } from 'react';
import { useState } from 'react';
import { sessionQuery } from '../api/queries.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import classes from './restore.module.css';

/** Opens the recovery kit in a worker of this browser. Neither kit nor passphrase is sent anywhere. */
export function UnlockCard() {
  const session = useQuery(sessionQuery);
  const { unlock } = useUnlockedVaults();
  const [file, setFile] = useState<File | null>(null);
  const [passphrase, setPassphrase] = useState('');
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const recoveryKey = session.data?.team.recoveryKey;

  const open = async (): Promise<void> => {
    if (file === null || recoveryKey === undefined) return;
    setWorking(true);
    setFailure(undefined);
    try {
      await unlock(await file.text(), passphrase, recoveryKey);
    } catch (error) {
      setFailure(error);
      setWorking(false);
    }
  };
  return (
    <PanelCard
      title="Unlock with the recovery kit"
      note="It is opened in this browser only, and locked again after 15 minutes without use."
    >
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void open();
        }}
        className={classes['unlock']}
      >
        <FileInput
          label="Recovery kit file"
          placeholder="Choose the file"
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
        <Button
          type="submit"
          loading={working}
          disabled={file === null || passphrase === ''}
          leftSection={<IconLockOpen size={17} aria-hidden />}
        >
          Unlock
        </Button>
      </form>
      {failure !== undefined && <ErrorNotice error={failure} title="Still locked" />}
    </PanelCard>
  );
}
