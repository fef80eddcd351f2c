import { Button, Code, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { Entrance } from '../parts/entrance.tsx';

export function SetupClosed({ reason }: { readonly reason: 'done' | 'no-token' }) {
  return (
    <Entrance>
      <Title order={1} size="h3" mb="xs">
        {reason === 'done' ? 'This team is set up already' : 'The set-up link is needed'}
      </Title>
      {reason === 'done' ? (
        <>
          <Text size="sm" mb="lg">
            Set-up happens once. Sign in with your account.
          </Text>
          <Button component={Link} to="/login" fullWidth>
            Sign in
          </Button>
        </>
      ) : (
        <Text size="sm">
          At its first start the coordinator prints a one-time link that ends in <Code>/setup#…</Code>. Open exactly that link, with
          everything after the <Code>#</Code>. It is in the coordinator’s log.
        </Text>
      )}
    </Entrance>
  );
}
