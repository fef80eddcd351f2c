import { Button } from '@mantine/core';
import { IconLockOpen } from '@tabler/icons-react';
import { useUnlockedVaults } from './unlocked-vaults.tsx';

/** Shows that the recovery key is open, on every screen, with the way to close it. */
export function LockBadge() {
  const { unlocked, lock } = useUnlockedVaults();
  if (!unlocked) return null;
  return (
    <Button
      size="xs"
      variant="light"
      color="yellow"
      leftSection={<IconLockOpen size={15} aria-hidden />}
      onClick={lock}
      c="var(--tone-waiting)"
    >
      Lock recovery key
    </Button>
  );
}
