import { Button, Group, Modal, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { ErrorNotice } from './error-notice.tsx';

interface Props {
  readonly opened: boolean;
  readonly title: string;
  readonly children: ReactNode;
  readonly action: string;
  /** The person has to type this first. */
  readonly typed?: string;
  /** Whether what stands between the words and the buttons is filled in; absent: nothing has to be. */
  readonly ready?: boolean;
  /** Of the button that changes nothing. */
  readonly dismiss?: string;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<void>;
}

/** Asks before something that can't be taken back. Stays open and says why when it fails. */
export function ConfirmDialog({ opened, title, children, action, typed, ready = true, dismiss = 'Cancel', onClose, onConfirm }: Props) {
  const [text, setText] = useState('');
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const close = (): void => {
    setText('');
    setFailure(undefined);
    onClose();
  };
  const confirm = async (): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      await onConfirm();
      close();
    } catch (error) {
      setFailure(error);
    } finally {
      setWorking(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      {children}
      {typed !== undefined && (
        <TextInput
          mt="md"
          label={`Type “${typed}” to go on`}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
      )}
      {failure !== undefined && <ErrorNotice error={failure} />}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          {dismiss}
        </Button>
        <Button
          color="red"
          loading={working}
          disabled={!ready || (typed !== undefined && text.trim() !== typed)}
          onClick={() => void confirm()}
        >
          {action}
        </Button>
      </Group>
    </Modal>
  );
}
