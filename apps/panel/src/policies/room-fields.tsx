import { NumberInput } from '@mantine/core';
import type { FieldsProps } from './parts-of-policy.tsx';
import classes from './policies.module.css';

const gigabyte = 1e9;
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
