import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconLockOpen } from '@tabler/icons-react';
import { sessionQuery } from '../api/queries.ts';
import { PanelCard } from '../parts/panel-card.tsx';
import { RecoveryKitForm } from '../parts/recovery-kit-form.tsx';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import classes from './restore.module.css';

/** Opens the recovery kit in a worker of this browser. Neither kit nor passphrase is sent anywhere. */
export function UnlockCard() {
  const recoveryKey = useQuery(sessionQuery).data?.team.recoveryKey;
  const { unlock } = useUnlockedVaults();
  return (
    <PanelCard
      title="Unlock with the recovery kit"
      note="It is opened in this browser only, and locked again after 15 minutes without use."
    >
      <RecoveryKitForm
        onKit={async (kit, passphrase) => unlock(kit, passphrase, recoveryKey!)}
        placeholder="Choose the file"
        failureTitle="Still locked"
        className={classes['unlock']}
        actions={({ ready, working }) => (
          <Button
            type="submit"
            loading={working}
            disabled={!ready || recoveryKey === undefined}
            leftSection={<IconLockOpen size={17} aria-hidden />}
          >
            Unlock
          </Button>
        )}
      />
    </PanelCard>
  );
}
