import { NumberInput } from '@mantine/core';
import type { FieldsProps } from './parts-of-policy.tsx';
import classes from './policies.module.css';

export function ReplicaFields({ value, onChange, disabled }: FieldsProps<'replicas'>) {
  return (
    <div className={classes['fields']}>
      <NumberInput
        label="Minimum"
        description="With fewer, a snapshot is not protected and repair starts."
        min={1}
        max={10}
        allowDecimal={false}
        disabled={disabled}
        value={value.minimum}
        error={value.minimum > value.target ? 'Not above the target' : undefined}
        onChange={(minimum) => onChange({ ...value, minimum: Number(minimum) || 1 })}
      />
      <NumberInput
        label="Target"
        description="To which placement and repair fill up."
        min={1}
        max={10}
        allowDecimal={false}
        disabled={disabled}
        value={value.target}
        onChange={(target) => onChange({ ...value, target: Number(target) || 1 })}
      />
    </div>
  );
}
