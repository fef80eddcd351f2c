import { NumberInput } from '@mantine/core';
import type { FieldsProps } from './parts-of-policy.tsx';
import classes from './policies.module.css';

const rules = [
  { key: 'last', label: 'Last' },
  { key: 'hourly', label: 'Hourly' },
  { key: 'daily', label: 'Daily' },
  { key: 'weekly', label: 'Weekly' },
  { key: 'monthly', label: 'Monthly' },
  { key: 'yearly', label: 'Yearly' },
] as const;

export function RetentionFields({ value, onChange, disabled }: FieldsProps<'retention'>) {
  return (
    <div className={classes['small']}>
      {rules.map(({ key, label }) => (
        <NumberInput
          key={key}
          label={label}
          min={0}
          max={10_000}
          allowDecimal={false}
          disabled={disabled}
          value={value[key]}
          onChange={(kept) => onChange({ ...value, [key]: Number(kept) })}
        />
      ))}
    </div>
  );
}
