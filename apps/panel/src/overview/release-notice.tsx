import { Alert, Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconTrashX } from '@tabler/icons-react';
import { Link } from 'react-router';
import { releasesQuery } from '../api/queries.ts';
import { counted } from '../wording/quantities.ts';
import { shareWords } from '../wording/storage-words.ts';

/** The newest are named; more than that is a list, and the storage screen has it. */
const named = 3;

/** Unusual releases that wait for somebody: what ransomware looks like is not left to be found. */
export function ReleaseNotice() {
  const waiting = useQuery(releasesQuery({ page: 1, pageSize: named, order: 'desc' }, 'waiting')).data;
  if (waiting === undefined || waiting.total === 0) return null;
  const names = waiting.items.map((release) => `${release.deviceName}, ${shareWords(release.share)} of its backups`).join('; ');
  return (
    <Alert
      role="alert"
      variant="light"
      color="red"
      icon={<IconTrashX aria-hidden />}
      title={waiting.total === 1 ? 'A device wants to delete unusually much' : `${counted(waiting.total, 'unusual release')} wait for you`}
    >
      <Text size="sm" mb="xs">
        {names}
        {waiting.total > named ? ` and ${waiting.total - named} more` : ''}. Nothing is deleted before somebody approves it.
      </Text>
      <Button component={Link} to="/storage" size="xs" variant="default">
        Look at {waiting.total === 1 ? 'the release' : 'the releases'}
      </Button>
    </Alert>
  );
}
