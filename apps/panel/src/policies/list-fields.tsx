import { Textarea } from '@mantine/core';
import { useState } from 'react';
import classes from './policies.module.css';

interface Props {
  readonly value: readonly string[];
  readonly onChange: (value: string[]) => void;
  readonly disabled: boolean;
  readonly label: string;
  readonly description: string;
  readonly placeholder: string;
}

/** A list of texts, one a line; empty lines don't count. */
export function ListFields({ value, onChange, disabled, label, description, placeholder }: Props) {
  // The text as typed, so that an empty line at the end survives while somebody types.
  const [text, setText] = useState(value.join('\n'));
  return (
    <Textarea
      label={label}
      description={description}
      placeholder={placeholder}
      minRows={4}
      rows={5}
      disabled={disabled}
      value={disabled ? value.join('\n') : text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(
          event.currentTarget.value
            .split('\n')
            .map((line) => line.trimEnd())
            .filter((line) => line !== ''),
        );
      }}
      classNames={{ input: classes['lines'] }}
    />
  );
}
