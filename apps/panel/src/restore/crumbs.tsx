import { UnstyledButton } from '@mantine/core';
import type { EntryPath } from '../vault-worker/protocol.ts';
import { nameOfPath } from './selection.ts';
import { pathKey } from './use-vault.ts';
import classes from './restore.module.css';

export function Crumbs({ path, onOpen }: { readonly path: EntryPath; readonly onOpen: (path: EntryPath) => void }) {
  const all = Array.from({ length: path.length + 1 }, (_, length) => path.slice(0, length));
  return (
    <nav aria-label="Folder">
      <ol className={classes['crumbs']}>
        {all.map((above) => (
          <li key={pathKey(above)}>
            <UnstyledButton
              className={classes['crumb']}
              onClick={() => onOpen(above)}
              aria-current={above.length === path.length ? 'location' : undefined}
            >
              {above.length === 0 ? 'All folders' : nameOfPath(above)}
            </UnstyledButton>
          </li>
        ))}
      </ol>
    </nav>
  );
}
