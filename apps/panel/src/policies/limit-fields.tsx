import { Button } from '@mantine/core';
import { IconClockPlus } from '@tabler/icons-react';
import { LimitHoursFields, newHours } from './limit-hours-fields.tsx';
import type { FieldsProps } from './parts-of-policy.tsx';
import { RatesOfLinksFields } from './rate-fields.tsx';
import classes from './policies.module.css';

const notes = {
  lan: 'Devices with private addresses, those in a VPN included, have these instead of the limits above.',
  relay: 'What has to run through the coordinator has these besides the limits above.',
};

/** The limits of all connections together, those of two kinds of them, and other ones at certain hours. */
export function LimitFields({ value, onChange, disabled }: FieldsProps<'limits'>) {
  const { hours = [] } = value;
  const change = (next: typeof hours): void => {
    const { hours: _replaced, ...rest } = value;
    onChange(next.length === 0 ? rest : { ...rest, hours: next });
  };
  return (
    <div className={classes['fields']}>
      <RatesOfLinksFields value={value} onChange={onChange} disabled={disabled} notes={notes} />
      {hours.map((entry, index) => (
        <LimitHoursFields
          // Entries have no name, and are told apart by their place: fields show nothing but their value.
          // oxlint-disable-next-line react/no-array-index-key
          key={index}
          number={index + 1}
          value={entry}
          disabled={disabled}
          onChange={(changed) => change(hours.with(index, changed))}
          onRemove={() => change(hours.toSpliced(index, 1))}
          onEarlier={index === 0 ? undefined : () => change(hours.toSpliced(index - 1, 2, entry, hours[index - 1]!))}
        />
      ))}
      <div className={classes['wide']}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconClockPlus size={15} aria-hidden />}
          disabled={disabled || hours.length >= 50}
          onClick={() => change([...hours, newHours])}
        >
          Other limits at certain hours
        </Button>
      </div>
    </div>
  );
}
