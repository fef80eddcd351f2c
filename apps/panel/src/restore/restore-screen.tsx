import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { deviceQuery } from '../api/queries.ts';
import { PageTitle } from '../parts/page-title.tsx';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import { OwnerPicker } from './owner-picker.tsx';
import { RecentRestores } from './recent-restores.tsx';
import { SnapshotPicker } from './snapshot-picker.tsx';
import { UnlockCard } from './unlock-card.tsx';
import { VaultBrowser } from './vault-browser.tsx';
import classes from './restore.module.css';

/** Whose machine → unlock → which day → which files → here or to a device. The address keeps the machine and the snapshot. */
export function RestoreScreen() {
  const [params, setParams] = useSearchParams();
  const { unlocked } = useUnlockedVaults();
  const deviceId = params.get('device') ?? undefined;
  const sequence = Number(params.get('snapshot')) || undefined;
  const device = useQuery({ ...deviceQuery(deviceId ?? ''), enabled: deviceId !== undefined });
  const owner = deviceId === undefined ? undefined : device.data;
  const choose = (next: { device?: string | undefined; snapshot?: number | undefined }): void => {
    const kept = new URLSearchParams();
    if (next.device !== undefined) kept.set('device', next.device);
    if (next.snapshot !== undefined) kept.set('snapshot', String(next.snapshot));
    setParams(kept, { replace: true });
  };
  return (
    <>
      <PageTitle
        title="Restore"
        note="Bring files back: download them here, or send them to a machine. They are decrypted in this browser or on that machine, never in between."
      />
      <div className={classes['stack']}>
        <OwnerPicker owner={owner} failure={device.error} onChoose={(id) => choose({ device: id })} />
        {owner !== undefined && owner.vaultId !== null && (unlocked ? null : <UnlockCard />)}
        {owner !== undefined && owner.vaultId !== null && unlocked && (
          <SnapshotPicker owner={owner} sequence={sequence} onChoose={(snapshot) => choose({ device: owner.deviceId, snapshot })}>
            {(snapshot) => <VaultBrowser key={`${snapshot.vaultId}/${snapshot.sequence}`} owner={owner} snapshot={snapshot} />}
          </SnapshotPicker>
        )}
        <RecentRestores />
      </div>
    </>
  );
}
