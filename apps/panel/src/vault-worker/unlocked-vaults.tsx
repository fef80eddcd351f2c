import type { ReactNode } from 'react';
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { PanelError } from './panel-error.ts';
import type { MethodName, VaultWorkerMethods } from './protocol.ts';
import { VaultWorkerClient } from './worker-client.ts';

/** Unused for this long, the recovery key is locked again. */
const idleLockMs = 15 * 60_000;

interface UnlockedVaults {
  /** Different for every unlocking; undefined while locked. What was read under one is not shown under another. */
  readonly unlockId: number | undefined;
  readonly unlocked: boolean;
  /** Throws what the worker throws: `wrong_passphrase`, `bad_kit`, `other_team`. */
  readonly unlock: (kit: string, passphrase: string, recoveryKey: string) => Promise<void>;
  /** Ends the worker, and with it the keys. */
  readonly lock: () => void;
  /** Asks the worker that holds the key; postpones the automatic lock. */
  readonly ask: <M extends MethodName>(
    method: M,
    input: Parameters<VaultWorkerMethods[M]>[0],
  ) => Promise<ReturnType<VaultWorkerMethods[M]>>;
}

const Context = createContext<UnlockedVaults | undefined>(undefined);

/** Holds the one worker that knows the recovery key, across screens, until it is locked or idle for too long. */
export function UnlockedVaultProvider({ children }: { readonly children: ReactNode }) {
  const worker = useRef<VaultWorkerClient | undefined>(undefined);
  const timer = useRef<number | undefined>(undefined);
  const [unlockId, setUnlockId] = useState<number>();
  const lastUnlockId = useRef(0);

  const lock = useCallback(() => {
    window.clearTimeout(timer.current);
    worker.current?.close();
    worker.current = undefined;
    setUnlockId(undefined);
  }, []);
  const touch = useCallback(() => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(lock, idleLockMs);
  }, [lock]);
  useEffect(() => lock, [lock]);

  const value = useMemo<UnlockedVaults>(
    () => ({
      unlockId,
      unlocked: unlockId !== undefined,
      lock,
      async unlock(kit, passphrase, recoveryKey) {
        const fresh = new VaultWorkerClient();
        try {
          await fresh.call('unlock', { kit, passphrase, recoveryKey });
        } catch (error) {
          fresh.close();
          throw error;
        }
        worker.current?.close();
        worker.current = fresh;
        lastUnlockId.current += 1;
        setUnlockId(lastUnlockId.current);
        touch();
      },
      async ask(method, input) {
        if (worker.current === undefined)
          throw new PanelError('locked', 'The recovery key is locked.', {
            nextStep: 'Unlock it with the recovery kit and its passphrase.',
          });
        touch();
        return worker.current.call(method, input);
      },
    }),
    [unlockId, lock, touch],
  );
  return <Context value={value}>{children}</Context>;
}

export function useUnlockedVaults(): UnlockedVaults {
  const value = use(Context);
  if (value === undefined) throw new Error('UnlockedVaultProvider is missing above');
  return value;
}
