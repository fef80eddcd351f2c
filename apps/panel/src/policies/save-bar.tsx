import { Button, Group } from '@mantine/core';
import { ErrorNotice } from '../parts/error-notice.tsx';
import classes from './policies.module.css';

interface Props {
  readonly words: string;
  readonly failure: unknown;
  readonly saving: boolean;
  readonly invalid: string | undefined;
  readonly onSave: () => void;
  readonly onUndo: () => void;
}

/** Appears with the first change, so that nobody leaves with unsaved ones unknowingly. */
export function SaveBar({ words, failure, saving, invalid, onSave, onUndo }: Props) {
  return (
    <>
      {failure !== null && failure !== undefined && <ErrorNotice error={failure} title="Not saved" />}
      <div className={classes['save']} role="region" aria-label="Unsaved changes">
        <span>{invalid ?? words}</span>
        <Group gap="sm">
          <Button variant="default" onClick={onUndo} disabled={saving}>
            Undo
          </Button>
          <Button onClick={onSave} loading={saving} disabled={invalid !== undefined}>
            Save
          </Button>
        </Group>
      </div>
    </>
  );
}
