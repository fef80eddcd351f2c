import { Paper } from '@mantine/core';
import type { Overview } from '#libs/contracts';
import type { Tone } from '../wording/states.ts';
import { counted, formatBytes } from '../wording/quantities.ts';
import classes from './overview.module.css';

const ofHowMany = ({ protected: good, notProtected, storageOnly }: Overview['devices']): string =>
  `of ${counted(good + notProtected, 'device')}${storageOnly === 0 ? '' : `; ${storageOnly} more only ${storageOnly === 1 ? 'stores' : 'store'}`}`;

export function FigureRow({ overview: { devices, storage, repair } }: { readonly overview: Overview }) {
  return (
    <div className={classes['figures']}>
      <Figure
        label="Protected"
        value={devices.protected}
        note={ofHowMany(devices)}
        tone={devices.protected > 0 ? 'protected' : 'neutral'}
      />
      <Figure
        label="Not protected"
        value={devices.notProtected}
        note={devices.notProtected === 0 ? 'nobody is waiting' : 'see the reasons below'}
        tone={devices.notProtected > 0 ? 'waiting' : 'neutral'}
      />
      <Figure label="Online now" value={devices.online} note={`of ${counted(devices.total, 'device')}`} tone="neutral" />
      <Figure
        label="Held for others"
        value={formatBytes(storage.heldBytes)}
        note={repair.backlogPacks === 0 ? 'no repair waiting' : `${counted(repair.backlogPacks, 'pack')} to repair`}
        tone="neutral"
      />
    </div>
  );
}

function Figure({
  label,
  value,
  note,
  tone,
}: {
  readonly label: string;
  readonly value: string | number;
  readonly note: string;
  readonly tone: Tone;
}) {
  return (
    <Paper className={classes['figure']}>
      <div className={classes['figureLabel']}>{label}</div>
      <div className={classes['figureValue']} data-tone={tone}>
        {value}
      </div>
      <div className={classes['figureNote']}>{note}</div>
    </Paper>
  );
}
