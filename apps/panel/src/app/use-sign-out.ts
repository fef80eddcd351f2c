import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useNavigate } from 'react-router';
import { order, setCsrfToken } from '../api/client.ts';
import { notifyFailure } from '../parts/notify.ts';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';

/** Locks the recovery key, ends the session and forgets everything that was loaded. */
export function useSignOut(): () => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { lock } = useUnlockedVaults();
  return useCallback(() => {
    lock();
    order('session', { method: 'DELETE' })
      .then(async () => {
        setCsrfToken(undefined);
        client.clear();
        await navigate('/login', { replace: true });
      })
      .catch((error: unknown) => notifyFailure('You are still signed in', error));
  }, [client, navigate, lock]);
}
