import { Alert, Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconSend } from '@tabler/icons-react';
import { useState } from 'react';
import type { DeviceDetail, Snapshot } from '#libs/contracts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageLoading } from '../parts/page-loading.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { SearchField } from '../parts/search-field.tsx';
import type { EntryPath } from '../vault-worker/protocol.ts';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import { counted, formatBytes } from '../wording/quantities.ts';
import { Crumbs } from './crumbs.tsx';
import { EntryList } from './entry-list.tsx';
import type { Selection } from './selection.ts';
import { SendDialog } from './send-dialog.tsx';
import { pathKey, useVault, vaultReadOptions } from './use-vault.ts';
import classes from './restore.module.css';

/** The tree of one snapshot, decrypted in the worker folder by folder, and what is chosen in it. */
export function VaultBrowser({ owner, snapshot }: { readonly owner: DeviceDetail; readonly snapshot: Snapshot }) {
  const { vault, pending, error, retry } = useVault(owner);
  const { ask, unlockId } = useUnlockedVaults();
  const [path, setPath] = useState<EntryPath>([]);
  const [filter, setFilter] = useState('');
  const [selection, setSelection] = useState<Selection>(new Map());
  const [sending, dialog] = useDisclosure(false);
  const chosen = [...selection.values()];
  const totals = useQuery({
    queryKey: ['measure', unlockId, snapshot.vaultId, snapshot.sequence, [...selection.keys()]],
    queryFn: () => ask('measure', { vaultId: snapshot.vaultId, sequence: snapshot.sequence, paths: chosen }),
    enabled: vault !== undefined && chosen.length > 0,
    ...vaultReadOptions,
  });
  const open = (next: EntryPath): void => {
    setPath(next);
    setFilter('');
  };
  if (error !== null && vault === undefined) return <ErrorNotice error={error} title="The vault could not be opened" onRetry={retry} />;
  if (pending || vault === undefined) return <PageLoading words="Opening the vault and reading its index" />;
  return (
    <PanelCard title="Which files?" flush>
      {vault.served === 'older-than-seen' && (
        <Alert
          m="md"
          color="red"
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
          title="This is older than what this browser has seen before"
        >
          The coordinator served an old state of this vault. Newer snapshots may be held back. Ask who runs the coordinator, and look on the
          device itself with “holdfast snapshots”.
        </Alert>
      )}
      <div className={classes['toolbar']}>
        <Crumbs path={path} onOpen={open} />
        <SearchField label="Filter this folder" value={filter} onChange={setFilter} />
      </div>
      <EntryList
        key={pathKey(path)}
        vaultId={snapshot.vaultId}
        sequence={snapshot.sequence}
        path={path}
        filter={filter}
        selection={selection}
        onOpen={open}
        onSelection={setSelection}
      />
      <div className={classes['selection']}>
        <span role="status">
          {chosen.length === 0
            ? 'Tick files or folders to send them to a device, or download a single file here.'
            : totals.data === undefined
              ? `${counted(chosen.length, 'entry', 'entries')} chosen`
              : `${counted(chosen.length, 'entry', 'entries')} chosen: ${counted(totals.data.files, 'file')}, ${formatBytes(totals.data.bytes)}`}
        </span>
        <Button leftSection={<IconSend size={17} aria-hidden />} disabled={chosen.length === 0} onClick={dialog.open}>
          Send to a device
        </Button>
      </div>
      <SendDialog
        opened={sending}
        onClose={dialog.close}
        owner={owner}
        snapshot={snapshot}
        paths={[...selection.keys()]}
        totals={totals.data}
      />
    </PanelCard>
  );
}
