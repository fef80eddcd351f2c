import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { AddDeviceDialog } from '../devices/add-device-dialog.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { AuditLog } from './audit-log.tsx';
import { JoinLinks } from './join-links.tsx';
import classes from './access.module.css';

/** Who may come in, and who did what. */
export function AccessScreen() {
  const [adding, dialog] = useDisclosure(false);
  return (
    <>
      <PageTitle
        title="People and access"
        note="Join links let machines into the team. The audit log has every change, each entry chained to the one before."
        actions={
          <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={dialog.open}>
            New join link
          </Button>
        }
      />
      <div className={classes['stack']}>
        <JoinLinks onNew={dialog.open} />
        <AuditLog />
      </div>
      <AddDeviceDialog opened={adding} onClose={dialog.close} />
    </>
  );
}
