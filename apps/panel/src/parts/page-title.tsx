import type { ReactNode } from 'react';
import { useEffect } from 'react';
import classes from './page-title.module.css';

/** The one h1 of a screen, the document's title, and the screen's main action. */
export function PageTitle({ title, note, actions }: { readonly title: string; readonly note?: ReactNode; readonly actions?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Holdfast`;
  }, [title]);
  return (
    <div className={classes['row']}>
      <div className={classes['words']}>
        <h1 className={classes['title']}>{title}</h1>
        {note !== undefined && <p className={classes['note']}>{note}</p>}
      </div>
      {actions !== undefined && <div className={classes['actions']}>{actions}</div>}
    </div>
  );
}
