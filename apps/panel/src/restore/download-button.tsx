import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { notifyDone, notifyFailure } from '../parts/notify.ts';
import type { EntryPath } from '../vault-worker/protocol.ts';
import { useUnlockedVaults } from '../vault-worker/unlocked-vaults.tsx';
import { formatBytes } from '../wording/quantities.ts';
import { downloadFile } from './download-file.ts';
import { openFileSink } from './file-sink.ts';

interface Props {
  readonly place: { readonly vaultId: string; readonly sequence: number; readonly path: EntryPath };
  readonly name: string;
  readonly sizeBytes: number;
}

/** Decrypts and verifies one file in the worker and saves it; pressed again, it stops. */
export function DownloadButton({ place, name, sizeBytes }: Props) {
  const { ask } = useUnlockedVaults();
  const [share, setShare] = useState<number>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (): Promise<void> => {
    const stop = new AbortController();
    running.current = stop;
    try {
      const sink = await openFileSink(name, sizeBytes);
      if (sink === undefined) return;
      setShare(0);
      await downloadFile(ask, place, sink, { signal: stop.signal, onProgress: setShare });
      notifyDone(`${name} is restored`, `${formatBytes(sizeBytes)}, decrypted and verified in this browser.`);
    } catch (error) {
      if (!stop.signal.aborted) notifyFailure(`${name} was not restored`, error);
    } finally {
      setShare(undefined);
    }
  };
  const busy = share !== undefined;
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconDownload size={15} aria-hidden />}
      aria-label={busy ? `Stop downloading ${name}` : `Download ${name}`}
      onClick={() => (busy ? running.current?.abort() : void start())}
    >
      {busy ? `${Math.floor(share * 100)} %, stop` : 'Download'}
    </Button>
  );
}
