import { NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { useNow } from '../parts/use-now.ts';
import { absoluteTime, viewerTimeZone } from '../wording/times.ts';
import { messageOf } from '#libs/kernel';
import { parseCron } from './cron-expression.ts';
import { cronWords } from './cron-words.ts';
import { nextRuns } from './next-runs.ts';
import type { FieldsProps } from './parts-of-policy.tsx';
import classes from './policies.module.css';

// Browsers leave UTC out of their own list.
const timeZones = [...new Set(['UTC', viewerTimeZone(), ...Intl.supportedValuesOf('timeZone')])];

function cronProblem(cron: string): string | undefined {
  try {
    parseCron(cron);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

export function ScheduleFields({ value, onChange, disabled }: FieldsProps<'schedule'>) {
  const problem = cronProblem(value.cron);
  return (
    <div className={classes['fields']}>
      <TextInput
        label="Cron expression"
        description="Minute, hour, day of the month, month, day of the week."
        value={value.cron}
        error={problem}
        disabled={disabled}
        onChange={(event) => onChange({ ...value, cron: event.currentTarget.value })}
      />
      <Select
        label="Time zone"
        description="In which the schedule counts."
        searchable
        allowDeselect={false}
        data={timeZones}
        limit={60}
        value={value.timeZone}
        disabled={disabled}
        onChange={(zone) => zone !== null && onChange({ ...value, timeZone: zone })}
      />
      <div className={classes['wide']}>
        <SchedulePreview cron={value.cron} timeZone={value.timeZone} />
      </div>
      <NumberInput
        label="Random delay, up to (minutes)"
        description="So that not all devices start at once."
        min={0}
        max={120}
        disabled={disabled}
        value={value.jitterSeconds / 60}
        onChange={(minutes) => onChange({ ...value, jitterSeconds: Math.round(Number(minutes) * 60) })}
      />
      <NumberInput
        label="Catch up after (minutes)"
        description="A missed run starts this long after the device wakes or reconnects."
        min={0}
        max={1440}
        disabled={disabled}
        value={value.catchUpSeconds / 60}
        onChange={(minutes) => onChange({ ...value, catchUpSeconds: Math.round(Number(minutes) * 60) })}
      />
      <NumberInput
        label="RPO (hours)"
        description="The promise: the newest protected snapshot is never older than this."
        min={1}
        max={8784}
        disabled={disabled}
        value={value.rpoHours}
        onChange={(hours) => onChange({ ...value, rpoHours: Number(hours) || 1 })}
      />
      <Switch
        label="Incomplete backups keep the promise"
        description="Off: a backup in which a file could not be read is shown in amber, and only a complete one keeps the promise."
        disabled={disabled}
        checked={value.incompleteCounts === true}
        onChange={(event) => onChange({ ...value, incompleteCounts: event.currentTarget.checked })}
      />
    </div>
  );
}

/** The schedule in words and its next three starts, in the viewer's zone. */
function SchedulePreview({ cron, timeZone }: { readonly cron: string; readonly timeZone: string }) {
  const now = useNow();
  if (cronProblem(cron) !== undefined)
    return (
      <div className={classes['preview']}>
        <p>The preview appears when the expression is complete.</p>
      </div>
    );
  const runs = nextRuns(parseCron(cron), timeZone, now, 3);
  return (
    <div className={classes['preview']} role="status" aria-label="Preview of the schedule">
      <p>
        {cronWords(cron)} ({timeZone})
      </p>
      {runs.length === 0 ? (
        <ul>
          <li>There is no such day: it never starts</li>
        </ul>
      ) : (
        <ul>
          {runs.map((atMs) => (
            <li key={atMs}>
              {absoluteTime(atMs, timeZone)}
              {timeZone === viewerTimeZone() ? '' : `, for you ${absoluteTime(atMs)}`}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
