import { FileInput, PasswordInput } from '@mantine/core';
import { IconFileCertificate } from '@tabler/icons-react';
import type { FormEvent, ReactNode } from 'react';
import { useState } from 'react';
import { ErrorNotice } from './error-notice.tsx';

interface Props {
  /** Opens the kit. While it works the form waits; when it fails the form says why and stays. */
  readonly onKit: (kit: string, passphrase: string) => Promise<void>;
  readonly placeholder: string;
  readonly failureTitle: string;
  readonly className: string | undefined;
  /** The buttons. `ready`: a file is chosen and a passphrase typed. */
  readonly actions: (state: { readonly ready: boolean; readonly working: boolean }) => ReactNode;
}

/** Asks for the recovery kit's file and its passphrase. Neither leaves the browser through this form. */
export function RecoveryKitForm({ onKit, placeholder, failureTitle, className, actions }: Props) {
  const [file, setFile] = useState<File | null>(null);
  const [passphrase, setPassphrase] = useState('');
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const open = async (): Promise<void> => {
    if (file === null) return;
    setWorking(true);
    setFailure(undefined);
    try {
      await onKit(await file.text(), passphrase);
    } catch (error) {
      setFailure(error);
      setWorking(false);
    }
  };
  return (
    <>
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void open();
        }}
        className={className}
      >
        <FileInput
          label="Recovery kit file"
          placeholder={placeholder}
          leftSection={<IconFileCertificate size={18} aria-hidden />}
          accept=".json,application/json"
          value={file}
          onChange={setFile}
          required
          clearable
          clearButtonProps={{ 'aria-label': 'Remove the file' }}
        />
        <PasswordInput
          label="Recovery passphrase"
          autoComplete="off"
          required
          value={passphrase}
          onChange={(event) => setPassphrase(event.currentTarget.value)}
        />
        {actions({ ready: file !== null && passphrase !== '', working })}
      </form>
      {failure !== undefined && <ErrorNotice error={failure} title={failureTitle} />}
    </>
  );
}
