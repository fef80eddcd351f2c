import { Tooltip } from '@mantine/core';
import type { Words } from '../wording/states.ts';
import classes from './tone-pill.module.css';

/** A state in a word and a colour, its meaning on hover and for screen readers. */
export function TonePill({ words }: { readonly words: Words }) {
  return (
    <Tooltip label={words.meaning} multiline maw={280} openDelay={250}>
      <span className={classes['pill']} data-tone={words.tone}>
        <span className={classes['dot']} aria-hidden />
        {words.label}
        <span className="visually-hidden">: {words.meaning}</span>
      </span>
    </Tooltip>
  );
}
