import { Button, Group, List, Stack, Text } from '@mantine/core';
import { IconDownload, IconPrinter } from '@tabler/icons-react';
import { useState } from 'react';
import { saveText } from '../parts/save-text.ts';
import { KitSheet } from './kit-sheet.tsx';
import type { NewTeam } from './team-step.tsx';

/** A file name that says what it is, whatever the team is called. */
function kitFileName(teamName: string): string {
  const plain = teamName
    .normalize('NFKD')
    .replaceAll(/[^\w]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase();
  return `holdfast-recovery-kit${plain === '' ? '' : `-${plain}`}.json`;
}

/** Hands over the kit: as a file, and as a page to print. Only then goes on. */
export function KitStep({ team, onDone }: { readonly team: NewTeam; readonly onDone: () => void }) {
  const [stored, setStored] = useState(false);
  return (
    <Stack>
      <div className="no-print">
        <Text size="sm" mb="xs">
          This kit and its passphrase are the only way to read the team’s backups when a device and its own key are gone.
        </Text>
        <List size="sm" spacing={4} mb="md">
          <List.Item>Keep the file in two places that a fire would not reach at once.</List.Item>
          <List.Item>Print the page for the safe.</List.Item>
          <List.Item>Keep the passphrase apart from both.</List.Item>
        </List>
        <Group>
          <Button
            leftSection={<IconDownload size={18} aria-hidden />}
            onClick={() => {
              saveText(kitFileName(team.name), team.recoveryKit, 'application/json');
              setStored(true);
            }}
          >
            Download the recovery kit
          </Button>
          <Button variant="default" leftSection={<IconPrinter size={18} aria-hidden />} onClick={() => window.print()}>
            Print the page
          </Button>
        </Group>
      </div>
      <KitSheet team={team} />
      <Group justify="flex-end" className="no-print">
        {!stored && (
          <Text size="sm" c="dimmed">
            Download the kit to go on.
          </Text>
        )}
        <Button disabled={!stored} onClick={onDone}>
          I have stored it: prove it opens
        </Button>
      </Group>
    </Stack>
  );
}
