import { NumberInput } from '@mantine/core';
import type { FieldsProps } from './parts-of-policy.tsx';
import classes from './policies.module.css';

const gigabyte = 1e9;
const megabyte = 1e6;
const orNone = (value: string | number, unit: number): number | null => (value === '' ? null : Math.round(Number(value) * unit));

export function PledgeFields({ value, onChange, disabled }: FieldsProps<'pledge'>) {
  return (
    <div className={classes['fields']}>
      <NumberInput
        label="At most for others (GB)"
        description="Empty: all but the reserve."
        min={0}
        disabled={disabled}
        value={value.maxBytes === null ? '' : value.maxBytes / gigabyte}
        onChange={(entered) => onChange({ ...value, maxBytes: orNone(entered, gigabyte) })}
      />
      <NumberInput
        label="Always kept free (GB)"
        min={0}
        disabled={disabled}
        value={value.reserveBytes / gigabyte}
        onChange={(entered) => onChange({ ...value, reserveBytes: orNone(entered, gigabyte) ?? 0 })}
      />
      <NumberInput
        label="And at least this share of the disk (%)"
        min={0}
        max={90}
        disabled={disabled}
        value={value.reservePercent}
        onChange={(entered) => onChange({ ...value, reservePercent: Number(entered) })}
      />
    </div>
  );
}

export function LimitFields({ value, onChange, disabled }: FieldsProps<'limits'>) {
  return (
    <div className={classes['fields']}>
      <NumberInput
        label="Upload (MB/s)"
        description="Empty: no limit."
        min={0}
        disabled={disabled}
        value={value.uploadBytesPerSecond === null ? '' : value.uploadBytesPerSecond / megabyte}
        onChange={(entered) => onChange({ ...value, uploadBytesPerSecond: orNone(entered, megabyte) })}
      />
      <NumberInput
        label="Download (MB/s)"
        description="Empty: no limit."
        min={0}
        disabled={disabled}
        value={value.downloadBytesPerSecond === null ? '' : value.downloadBytesPerSecond / megabyte}
        onChange={(entered) => onChange({ ...value, downloadBytesPerSecond: orNone(entered, megabyte) })}
      />
    </div>
  );
}
