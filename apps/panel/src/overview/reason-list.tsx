import { Button } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Overview } from '#libs/contracts';
import { PanelCard } from '../parts/panel-card.tsx';
import { counted } from '../wording/quantities.ts';
import classes from './overview.module.css';

const shownAtFirst = 8;

/** Why not everybody is protected, with the next step for each. */
export function ReasonList({ reasons }: { readonly reasons: Overview['reasons'] }) {
  const [all, setAll] = useState(false);
  const shown = all ? reasons : reasons.slice(0, shownAtFirst);
  return (
    <PanelCard title="What needs attention" note={counted(reasons.length, 'reason')}>
      <ul className={classes['reasons']}>
        {shown.map((reason) => (
          <li key={`${reason.deviceId ?? ''}${reason.text}`} className={classes['reason']}>
            <IconAlertCircle size={20} stroke={1.8} aria-hidden />
            <span>
              {reason.text}
              <br />
              <span className={classes['next']}>{reason.nextStep}</span>
            </span>
            {reason.deviceId !== null && (
              <Button component={Link} to={`/devices/${reason.deviceId}`} size="xs" variant="default">
                Show device
              </Button>
            )}
          </li>
        ))}
      </ul>
      {reasons.length > shownAtFirst && (
        <Button size="xs" variant="subtle" mt="xs" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${reasons.length}`}
        </Button>
      )}
    </PanelCard>
  );
}
