import type { ReactNode } from 'react';
import classes from './device.module.css';

/** One figure in a list of facts, with a line below it where that needs one. */
export function Fact({
  name,
  note,
  children,
}: {
  readonly name: string;
  readonly note?: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {note !== undefined && <p className={classes['reason']}>{note}</p>}
      </dd>
    </div>
  );
}
