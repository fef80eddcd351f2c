import { Paper } from '@mantine/core';
import type { ReactNode } from 'react';
import { BrandMark } from '../app/brand-mark.tsx';
import { ColorSchemeButton } from '../app/color-scheme-button.tsx';
import classes from './entrance.module.css';

/** The frame of screens for people who are not signed in. */
export function Entrance({ children, wide = false }: { readonly children: ReactNode; readonly wide?: boolean }) {
  return (
    <div className={classes['page']}>
      <header className={classes['head']}>
        <span className={classes['brand']}>
          <BrandMark size={36} /> Holdfast
        </span>
        <ColorSchemeButton />
      </header>
      <main className={wide ? classes['wide'] : classes['narrow']}>
        <Paper className={classes['card']}>{children}</Paper>
      </main>
    </div>
  );
}
