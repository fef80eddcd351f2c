import type { DeviceAudits } from '#libs/contracts';
import { TimeWords } from '../parts/time-words.tsx';
import { TonePill } from '../parts/tone-pill.tsx';
import { counted } from '../wording/quantities.ts';
import { auditWords } from '../wording/storage-words.ts';
import { Fact } from './fact.tsx';
import classes from './device.module.css';

/** A holder's record in figures. */
export function AuditFacts({ audits: { standing, days } }: { readonly audits: DeviceAudits }) {
  const { quarantine, scan } = standing;
  const month = days.reduce((sum, day) => ({ passed: sum.passed + day.passed, failed: sum.failed + day.failed }), { passed: 0, failed: 0 });
  const words = auditWords(standing);
  return (
    <dl className={`${classes['facts']} ${classes['inset']}`}>
      <Fact name="Verdict" note={words.meaning}>
        <TonePill words={words} />
      </Fact>
      <Fact
        name="Last passed"
        note={`${month.passed.toLocaleString('en')} passed and ${month.failed.toLocaleString('en')} failed in 30 days`}
      >
        <TimeWords atMs={standing.lastPassedAtMs} />
      </Fact>
      <Fact
        name="Read all of it"
        note={
          scan?.wantedSinceMs != null
            ? 'asked to read all of it again'
            : scan?.lastEndedAtMs != null
              ? `${counted(scan.lastPacks, 'pack')}, ${scan.lastDamaged === 0 ? 'none' : scan.lastDamaged.toLocaleString('en')} damaged`
              : undefined
        }
      >
        <TimeWords atMs={scan?.lastEndedAtMs} />
      </Fact>
      {standing.quarantinedReplicas > 0 && <Fact name="Copies that do not count">{standing.quarantinedReplicas.toLocaleString('en')}</Fact>}
      {quarantine !== null && (
        <Fact name="In quarantine" note={`${quarantine.passedInARow} of ${quarantine.neededPasses} audits passed in a row`}>
          <TimeWords atMs={quarantine.sinceMs} />
        </Fact>
      )}
    </dl>
  );
}
