import { useQuery } from '@tanstack/react-query';
import { bundleQuery } from '../api/queries.ts';
import { PanelCard } from '../parts/panel-card.tsx';
import { TimeWords } from '../parts/time-words.tsx';
import { counted } from '../wording/quantities.ts';
import classes from './overview.module.css';

/** Whether the coordinator's own disk may burn. */
export function BundleFacts() {
  const bundle = useQuery(bundleQuery).data;
  if (bundle === undefined) return null;
  return (
    <PanelCard title="If the coordinator is lost" note={[bundle.text, bundle.nextStep].filter((part) => part !== '').join(' ')}>
      <dl className={classes['facts']}>
        <div>
          <dt>Newest bundle for a new one</dt>
          <dd>
            <TimeWords atMs={bundle.madeAtMs} none="none yet" />
          </dd>
        </div>
        <div>
          <dt>Kept by</dt>
          <dd>{counted(bundle.keepers.length, 'device')}</dd>
        </div>
        <div>
          <dt>Safe as of</dt>
          <dd>
            <TimeWords atMs={bundle.safeSinceMs} none="not yet" />
          </dd>
        </div>
      </dl>
    </PanelCard>
  );
}
