import { IconAlertTriangle, IconHourglass, IconInfoCircle, IconShieldCheck } from '@tabler/icons-react';
import type { Overview } from '#libs/contracts';
import { TimeWords } from '../parts/time-words.tsx';
import type { Tone } from '../wording/states.ts';
import { levelTone } from '../wording/states.ts';
import classes from './overview.module.css';

const icons: Readonly<Record<Tone, typeof IconShieldCheck>> = {
  protected: IconShieldCheck,
  waiting: IconHourglass,
  risk: IconAlertTriangle,
  neutral: IconInfoCircle,
  active: IconInfoCircle,
};

/** Worst wins: one sentence, in the colour of the worst that is so. */
export function Banner({ overview }: { readonly overview: Overview }) {
  const tone = levelTone[overview.level];
  const Icon = icons[tone];
  return (
    <section className={classes['banner']} data-tone={tone} role="status" aria-label="State of the team">
      <Icon size={38} stroke={1.6} aria-hidden />
      <div>
        <h2 className={classes['headline']}>{overview.headline}</h2>
        <p className={classes['subline']}>
          As of <TimeWords atMs={overview.atMs} />
        </p>
      </div>
    </section>
  );
}
