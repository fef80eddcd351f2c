import { Paper } from '@mantine/core';
import type { ReactNode } from 'react';
import { useId } from 'react';
import classes from './panel-card.module.css';

/** A titled region of a screen. */
export function PanelCard({
  title,
  note,
  action,
  children,
  flush = false,
}: {
  readonly title: string;
  readonly note?: ReactNode;
  readonly action?: ReactNode;
  readonly children: ReactNode;
  readonly flush?: boolean;
}) {
  const id = useId();
  return (
    <Paper component="section" className={classes['card']} aria-labelledby={id}>
      <div className={classes['head']}>
        <div>
          <h2 id={id} className={classes['title']}>
            {title}
          </h2>
          {note !== undefined && <p className={classes['note']}>{note}</p>}
        </div>
        {action}
      </div>
      <div className={flush ? classes['flush'] : classes['body']}>{children}</div>
    </Paper>
  );
}
