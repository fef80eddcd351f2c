import type { Overview } from '#libs/contracts';
import { PanelCard } from '../parts/panel-card.tsx';
import { counted, formatBytes } from '../wording/quantities.ts';
import classes from './overview.module.css';

export function StorageFacts({ storage }: { readonly storage: Overview['storage'] }) {
  const room = storage.heldBytes + storage.availableBytes;
  const share = room === 0 ? 0 : Math.min(100, (storage.heldBytes / room) * 100);
  return (
    <PanelCard title="Storage for replicas">
      <div className={classes['meter']} role="img" aria-label={`${share.toFixed(0)} % of the room for replicas is used`}>
        <span style={{ width: `${Math.max(share, storage.heldBytes > 0 ? 1 : 0)}%` }} />
      </div>
      <dl className={classes['facts']}>
        <div>
          <dt>Held for colleagues</dt>
          <dd>{formatBytes(storage.heldBytes)}</dd>
        </div>
        <div>
          <dt>Free for more, after reserves</dt>
          <dd>{formatBytes(storage.availableBytes)}</dd>
        </div>
        <div>
          <dt>All vaults, one replica each</dt>
          <dd>{formatBytes(storage.vaultBytes)}</dd>
        </div>
      </dl>
    </PanelCard>
  );
}

export function RepairFacts({ repair }: { readonly repair: Overview['repair'] }) {
  return (
    <PanelCard
      title="Repair"
      note={
        repair.backlogPacks === 0
          ? 'Every pack has the replicas that it needs.'
          : 'Packs with too few replicas are copied to further devices.'
      }
    >
      <dl className={classes['facts']}>
        <div>
          <dt>Waiting</dt>
          <dd>{counted(repair.backlogPacks, 'pack')}</dd>
        </div>
        <div>
          <dt>Amount</dt>
          <dd>{formatBytes(repair.backlogBytes)}</dd>
        </div>
        <div>
          <dt>Copying now</dt>
          <dd>{counted(repair.runningJobs, 'job')}</dd>
        </div>
      </dl>
    </PanelCard>
  );
}
