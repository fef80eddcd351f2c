import { ActionIcon, Checkbox, Group, TextInput, Tooltip } from '@mantine/core';
import { IconArrowUp, IconTrash } from '@tabler/icons-react';
import type { LimitHours } from '#libs/contracts';
import { hoursWords } from './hours-words.ts';
import { RatesOfLinksFields, unlimited } from './rate-fields.tsx';
import classes from './policies.module.css';

const days = [
  { day: 1, label: 'Mon' },
  { day: 2, label: 'Tue' },
  { day: 3, label: 'Wed' },
  { day: 4, label: 'Thu' },
  { day: 5, label: 'Fri' },
  { day: 6, label: 'Sat' },
  { day: 0, label: 'Sun' },
];

/** What is offered first: the hours in which people work, and so notice. */
export const newHours: LimitHours = { days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00', ...unlimited };

const notes = {
  lan: 'Off: the local network’s limits stay as they are at other times.',
  relay: 'Off: the relay’s limits stay as they are at other times.',
};

interface Props {
  /** From 1, in the order in which they count. */
  readonly number: number;
  readonly value: LimitHours;
  readonly onChange: (value: LimitHours) => void;
  readonly onRemove: () => void;
  /** Absent: it is the first. */
  readonly onEarlier: (() => void) | undefined;
  readonly disabled: boolean;
}

/** Limits at certain hours of certain days. */
export function LimitHoursFields({ number, value, onChange, onRemove, onEarlier, disabled }: Props) {
  const name = `Hours ${number}`;
  const time = (key: 'from' | 'to', label: string) => (
    <TextInput
      type="time"
      label={`${name}: ${label}`}
      disabled={disabled}
      value={value[key]}
      onChange={(event) => onChange({ ...value, [key]: event.currentTarget.value })}
    />
  );
  return (
    <div role="group" aria-label={name} className={`${classes['wide']} ${classes['hours']}`}>
      <div className={classes['hoursHead']}>
        <p>
          <strong>{name}</strong> · {hoursWords(value)}
        </p>
        <Group gap={4}>
          {onEarlier && (
            <Tooltip label="Count it before the one above">
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`${name}: before the one above`}
                disabled={disabled}
                onClick={onEarlier}
              >
                <IconArrowUp size={17} stroke={1.7} />
              </ActionIcon>
            </Tooltip>
          )}
          <Tooltip label="Remove">
            <ActionIcon variant="subtle" color="gray" aria-label={`${name}: remove`} disabled={disabled} onClick={onRemove}>
              <IconTrash size={17} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </div>
      <Checkbox.Group
        className={classes['wide']}
        label={`${name}: days on which they begin`}
        value={value.days.map(String)}
        disabled={disabled}
        onChange={(chosen) => onChange({ ...value, days: chosen.map(Number).toSorted((a, b) => a - b) })}
      >
        <Group gap="md" mt={6}>
          {days.map(({ day, label }) => (
            <Checkbox key={day} value={String(day)} label={label} disabled={disabled} />
          ))}
        </Group>
      </Checkbox.Group>
      {time('from', 'from')}
      {time('to', 'to')}
      <RatesOfLinksFields of={name} value={value} onChange={onChange} disabled={disabled} notes={notes} />
    </div>
  );
}
