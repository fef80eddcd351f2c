import { NumberInput, Switch } from '@mantine/core';
import { defaultSelection } from '#libs/contracts';
import type { FieldsProps } from './parts-of-policy.tsx';
import classes from './policies.module.css';

const megabyte = 1e6;

/** Which files of the folders are taken. A policy from before there was this part counts as the defaults. */
export function SelectionFields({ value = defaultSelection, onChange, disabled }: FieldsProps<'selection'>) {
  const choice = (key: 'oneFileSystem' | 'excludeCaches' | 'defaultExcludes', label: string, description: string) => (
    <Switch
      label={label}
      description={description}
      disabled={disabled}
      checked={value[key]}
      onChange={(event) => onChange({ ...value, [key]: event.currentTarget.checked })}
    />
  );
  return (
    <div className={classes['fields']}>
      <NumberInput
        label="No files larger than (MB)"
        description="Empty: files of every size."
        min={0}
        disabled={disabled}
        value={value.maxFileBytes === null ? '' : value.maxFileBytes / megabyte}
        onChange={(entered) =>
          onChange({ ...value, maxFileBytes: entered === '' ? null : Math.max(1, Math.round(Number(entered) * megabyte)) })
        }
      />
      {choice('oneFileSystem', 'Stay on one disk', 'Other file systems that are mounted below a folder are left out.')}
      {choice('excludeCaches', 'Leave caches out', 'Folders that a CACHEDIR.TAG marks as a cache.')}
      {choice('defaultExcludes', 'Leave out what the system makes again', 'Trash and caches of the operating system.')}
    </div>
  );
}
