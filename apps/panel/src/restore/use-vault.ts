import { useQuery } from '@tanstack/react-query';
import type { DeviceDetail } from '#libs/contracts';
import { vaultQuery } from '../api/queries.ts';
import type { EntryPath } from '../vault-worker/protocol.ts';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import { rememberHead } from './seen-heads.ts';

/** Opens the owner's vault in the worker with the unlocked recovery key. Newer heads are opened as they come. */
export function useVault(owner: DeviceDetail) {
  const { unlockId, ask } = useUnlockedVaults();
  const document = useQuery({ ...vaultQuery(owner.vaultId ?? ''), enabled: owner.vaultId !== null, staleTime: 60_000 });
  const opened = useQuery({
    queryKey: ['opened-vault', unlockId, owner.vaultId, document.data?.headSequence],
    queryFn: async () => {
      const vault = await ask('openVault', { document: document.data!, signingKey: owner.signingKey });
      return { ...vault, served: rememberHead(window.localStorage, vault.vaultId, vault.headSequence) };
    },
    enabled: document.data !== undefined && unlockId !== undefined,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  return {
    vault: opened.data,
    pending: document.isPending || opened.isPending,
    error: document.error ?? opened.error,
    retry: () => void (document.isError ? document.refetch() : opened.refetch()),
  };
}

export const pathKey = (path: EntryPath): string =>
  path.map((name) => Array.from(name, (byte) => byte.toString(16).padStart(2, '0')).join('')).join('/');

/** What is read from an open vault is kept only as long as it is on screen. */
export const vaultReadOptions = { staleTime: Infinity, gcTime: 0, retry: false } as const;
