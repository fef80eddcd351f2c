import { Button } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { IconFolderOff } from '@tabler/icons-react';
import { useState } from 'react';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageLoading } from '../parts/page-loading.tsx';
import type { EntryPath } from '../vault-worker/protocol.ts';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import { EntryRow } from './entry-row.tsx';
import type { Selection } from './selection.ts';
import { pathKey, vaultReadOptions } from './use-vault.ts';
import classes from './restore.module.css';

/** Rows shown at first and added on demand; a folder may have hundreds of thousands. */
const pageEntries = 200;

interface Props {
  readonly vaultId: string;
  readonly sequence: number;
  readonly path: EntryPath;
  readonly filter: string;
  readonly selection: Selection;
  readonly onOpen: (path: EntryPath) => void;
  readonly onSelection: (selection: Selection) => void;
}

export function EntryList({ vaultId, sequence, path, filter, selection, onOpen, onSelection }: Props) {
  const { ask, unlockId } = useUnlockedVaults();
  const [limit, setLimit] = useState(pageEntries);
  const listing = useQuery({
    queryKey: ['listing', unlockId, vaultId, sequence, pathKey(path), filter, limit],
    queryFn: () => ask('list', { vaultId, sequence, path, filter, offset: 0, limit }),
    placeholderData: keepPreviousData,
    ...vaultReadOptions,
  });
  if (listing.isPending) return <PageLoading words="Reading this folder" />;
  if (listing.data === undefined)
    return <ErrorNotice error={listing.error} title="This folder could not be read" onRetry={() => void listing.refetch()} />;
  const { entries, total } = listing.data;
  if (total === 0)
    return (
      <EmptyNotice icon={IconFolderOff} title={filter === '' ? 'This folder is empty' : 'Nothing matches'}>
        {filter === '' ? 'It was empty when the snapshot was taken.' : `No name in this folder has “${filter}” in it.`}
      </EmptyNotice>
    );
  return (
    <div className={classes['listing']}>
      <ul className={classes['entries']} aria-label="Files and folders">
        {entries.map((entry) => (
          <EntryRow
            key={pathKey([entry.name])}
            entry={entry}
            place={{ vaultId, sequence, path: [...path, entry.name] }}
            selection={selection}
            onOpen={onOpen}
            onSelection={onSelection}
          />
        ))}
      </ul>
      {total > entries.length && (
        <Button variant="subtle" fullWidth onClick={() => setLimit(limit + pageEntries)} loading={listing.isPlaceholderData}>
          Show more ({(total - entries.length).toLocaleString('en')} left)
        </Button>
      )}
    </div>
  );
}
