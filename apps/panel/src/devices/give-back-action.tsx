import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconRecycle } from '@tabler/icons-react';
import { useState } from 'react';
import type { DeviceDetail } from '#libs/contracts';
import { GiveBackDialog } from './give-back-dialog.tsx';
import { useGiveBackPlan } from './use-give-back-plan.ts';

/** Offers to give the space of a gone device's backups back, as long as something of it is not being released already. */
export function GiveBackAction({ device }: { readonly device: DeviceDetail }) {
  const plan = useGiveBackPlan(device);
  const [opened, dialog] = useDisclosure(false);
  // What the dialog says stays on show while it closes, when nothing is left to be given back.
  const [shown, setShown] = useState(plan);
  if (plan !== undefined && plan.next !== null && plan !== shown) setShown(plan);
  if (shown === undefined) return null;
  return (
    <>
      {plan !== undefined && plan.next !== null && (
        <Button variant="default" leftSection={<IconRecycle size={17} aria-hidden />} onClick={dialog.open} c="var(--mantine-color-error)">
          Give its space back…
        </Button>
      )}
      <GiveBackDialog plan={shown} opened={opened} onClose={dialog.close} />
    </>
  );
}
