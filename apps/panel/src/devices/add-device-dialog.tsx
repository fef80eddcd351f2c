import { Alert, Button, Modal, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconInfoCircle } from '@tabler/icons-react';
import { useState } from 'react';
import type { CreateJoinLink, JoinLink } from '#libs/contracts';
import { joinLink } from '#libs/contracts';
import { call } from '../api/client.ts';
import { CopyField } from '../parts/copy-field.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { counted } from '../wording/quantities.ts';
import { absoluteTime } from '../wording/times.ts';

const lifetimes = [
  { value: '15', label: '15 minutes' },
  { value: '60', label: '1 hour' },
  { value: '1440', label: '1 day' },
  { value: '10080', label: '1 week' },
];

/** Makes a join link and shows it once, with the very command to run on the workstation. */
export function AddDeviceDialog({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const [link, setLink] = useState<JoinLink>();
  const close = (): void => {
    onClose();
    setLink(undefined);
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      size="lg"
      title={link === undefined ? 'Add a device' : 'Run this on the workstation'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {link?.url === undefined ? <LinkForm onMade={setLink} /> : <MadeLink link={link} url={link.url} onClose={close} />}
    </Modal>
  );
}

function LinkForm({ onMade }: { readonly onMade: (link: JoinLink) => void }) {
  const client = useQueryClient();
  const [request, setRequest] = useState<CreateJoinLink>({ ttlMinutes: 15, uses: 1, site: 'office', class: 'workstation' });
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const make = async (): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      onMade(await call(joinLink, 'join-links', { method: 'POST', body: request }));
      await client.invalidateQueries({ queryKey: ['join-links'] });
    } catch (error) {
      setFailure(error);
    } finally {
      setWorking(false);
    }
  };
  return (
    <Stack>
      <Text size="sm">
        A join link lets a machine into the team. It works for a short time and a fixed number of machines, and it pins this coordinator, so
        nobody can stand in between.
      </Text>
      <NumberInput
        label="For how many devices"
        min={1}
        max={10_000}
        value={request.uses}
        onChange={(uses) => setRequest({ ...request, uses: Number(uses) || 1 })}
      />
      <Select
        label="Works for"
        data={lifetimes}
        allowDeselect={false}
        value={String(request.ttlMinutes)}
        onChange={(value) => setRequest({ ...request, ttlMinutes: Number(value) })}
        comboboxProps={{ withinPortal: true }}
      />
      <TextInput
        label="Site"
        description="Replicas prefer another site than the owner’s."
        value={request.site}
        maxLength={100}
        onChange={(event) => setRequest({ ...request, site: event.currentTarget.value })}
      />
      <Select
        label="Kind"
        description="An anchor is always on: a server or NAS that holds packs."
        data={[
          { value: 'workstation', label: 'Workstation' },
          { value: 'anchor', label: 'Anchor' },
        ]}
        allowDeselect={false}
        value={request.class}
        onChange={(value) => setRequest({ ...request, class: value === 'anchor' ? 'anchor' : 'workstation' })}
      />
      {failure !== undefined && <ErrorNotice error={failure} title="No join link was made" />}
      <Button onClick={() => void make()} loading={working}>
        Make the join link
      </Button>
    </Stack>
  );
}

function MadeLink({ link, url, onClose }: { readonly link: JoinLink; readonly url: string; readonly onClose: () => void }) {
  return (
    <Stack>
      <Text size="sm">On the workstation, in a terminal. Put in the folder that it shall back up:</Text>
      <CopyField label="command" text={`holdfast join '${url}' --folder ~/Documents`} />
      <Text size="sm">Then start its daemon, and it takes part:</Text>
      <CopyField label="daemon command" text="holdfast daemon" />
      <Text size="sm">The link alone, for device management:</Text>
      <CopyField label="join link" text={url} />
      <Alert variant="light" color="indigo" icon={<IconInfoCircle aria-hidden />}>
        For {counted(link.usesLeft, 'device')}, until {absoluteTime(link.expiresAtMs)}. The link is shown only now: it is stored nowhere.
      </Alert>
      <Button variant="default" onClick={onClose}>
        Done
      </Button>
    </Stack>
  );
}
