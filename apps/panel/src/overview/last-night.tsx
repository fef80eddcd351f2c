import { Text, Tooltip } from '@mantine/core';
import { Link } from 'react-router';
import type { Overview, Run } from '#libs/contracts';
import { PanelCard } from '../parts/panel-card.tsx';
import { runResultWords } from '../wording/states.ts';
import { formatDuration } from '../wording/quantities.ts';
import { clockTime } from '../wording/times.ts';
import { placeRuns } from './timeline.ts';
import classes from './last-night.module.css';

const sentence = (run: Run, atMs: number): string =>
  `${runResultWords(run).label} at ${clockTime(run.startedAtMs)}, ${formatDuration((run.endedAtMs ?? atMs) - run.startedAtMs)}${run.errorMessage === null ? '' : `: ${run.errorMessage}`}`;

/** A strip per device with its runs where they were in the night. */
export function LastNight({ lastNight, atMs }: { readonly lastNight: Overview['lastNight']; readonly atMs: number }) {
  const { ticks, rows } = placeRuns(lastNight, atMs);
  return (
    <PanelCard
      title="Last night’s runs"
      note="Green: protected. Amber: captured, or incomplete. Red: failed or interrupted. Times are yours."
    >
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          No run in the last day.
        </Text>
      ) : (
        <div className={classes['strips']}>
          {rows.map(({ deviceId, deviceName, runs }) => (
            <div key={deviceId} className={classes['row']}>
              <Link to={`/devices/${deviceId}`} className={classes['name']}>
                {deviceName}
              </Link>
              <ul className={classes['strip']} aria-label={`Runs of ${deviceName}`}>
                {runs.map(({ run, leftPercent, widthPercent }) => (
                  <Tooltip key={run.runId} label={sentence(run, atMs)} withArrow>
                    <li
                      className={classes['run']}
                      data-tone={runResultWords(run).tone}
                      style={{ left: `${leftPercent}%`, width: `${widthPercent}%` }}
                    >
                      <span className="visually-hidden">{sentence(run, atMs)}</span>
                    </li>
                  </Tooltip>
                ))}
              </ul>
            </div>
          ))}
          <div className={classes['axis']} aria-hidden>
            {ticks.map(({ atMs: tick, leftPercent }) => (
              <span key={tick} style={{ left: `${leftPercent}%` }}>
                {clockTime(tick)}
              </span>
            ))}
          </div>
        </div>
      )}
    </PanelCard>
  );
}
