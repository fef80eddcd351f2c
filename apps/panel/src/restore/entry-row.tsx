import { Checkbox, Tooltip, UnstyledButton } from '@mantine/core';
import { IconFile, IconFolderFilled, IconLink, IconQuestionMark } from '@tabler/icons-react';
import type { EntryPath, ListedEntry } from '../vault-worker/protocol.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import { absoluteTime } from '../wording/times.ts';
import { DownloadButton } from './download-button.tsx';
import type { Selection } from './selection.ts';
import { coveredBy, toggle } from './selection.ts';
import { textOfPath } from '../vault-worker/entry-words.ts';
import classes from './restore.module.css';

interface Props {
  readonly entry: ListedEntry;
  readonly place: { readonly vaultId: string; readonly sequence: number; readonly path: EntryPath };
  readonly selection: Selection;
  readonly onOpen: (path: EntryPath) => void;
  readonly onSelection: (selection: Selection) => void;
}

function noteOf(entry: ListedEntry): string | undefined {
  if (entry.problem !== null) return `Not complete: ${entry.problem}`;
  if (!entry.isText) return 'Its name is no text: choose the folder above to restore it';
  if (entry.linkTarget !== null) return `link to ${entry.linkTarget}`;
  if (entry.totals !== null) return counted(entry.totals.files, 'file');
  return entry.type === 'file' || entry.type === 'directory' ? undefined : entry.type;
}

export function EntryRow({ entry, place, selection, onOpen, onSelection }: Props) {
  const text = textOfPath(place.path);
  const above = coveredBy(selection, place.path);
  const isFolder = entry.type === 'directory';
  const note = noteOf(entry);
  const sizeBytes = entry.totals?.bytes ?? entry.sizeBytes;
  return (
    <li className={classes['entry']}>
      <Tooltip
        label={above === undefined ? 'Its name is no text' : `Chosen with ${above}`}
        disabled={above === undefined && text !== undefined}
      >
        <Checkbox
          aria-label={`Choose ${entry.label}`}
          checked={above !== undefined || (text !== undefined && selection.has(text))}
          disabled={above !== undefined || text === undefined}
          onChange={() => onSelection(toggle(selection, place.path))}
        />
      </Tooltip>
      <EntryIcon type={entry.type} />
      <span>
        {isFolder ? (
          <UnstyledButton className={classes['entryName']} data-folder onClick={() => onOpen(place.path)}>
            {entry.label}
          </UnstyledButton>
        ) : (
          <span className={classes['entryName']}>{entry.label}</span>
        )}
        {note !== undefined && <div className={classes['entryNote']}>{note}</div>}
      </span>
      <span className={classes['entryWhen']}>{absoluteTime(entry.modifiedAtMs)}</span>
      <span className={classes['entrySize']}>{entry.type === 'file' || entry.totals !== null ? formatBytes(sizeBytes) : ''}</span>
      <span className={classes['entryAction']}>
        {entry.type === 'file' && <DownloadButton place={place} name={entry.label} sizeBytes={entry.sizeBytes} />}
      </span>
    </li>
  );
}

function EntryIcon({ type }: { readonly type: ListedEntry['type'] }) {
  if (type === 'directory') return <IconFolderFilled size={20} className={classes['folderIcon']} aria-label="Folder" />;
  if (type === 'file') return <IconFile size={19} stroke={1.6} className={classes['fileIcon']} aria-label="File" />;
  if (type === 'symlink') return <IconLink size={19} stroke={1.6} className={classes['fileIcon']} aria-label="Link" />;
  return <IconQuestionMark size={19} stroke={1.6} className={classes['fileIcon']} aria-label={type} />;
}
