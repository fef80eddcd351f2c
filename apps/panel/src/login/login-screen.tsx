import { Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { useEffect, useRef, useState } from 'react';
import { Navigate, useLocation, useNavigate } from 'react-router';
import { enterSession } from '../api/enter-session.ts';
import { sessionQuery, setupQuery } from '../api/queries.ts';
import { Entrance } from '../parts/entrance.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageLoading } from '../parts/page-loading.tsx';
import { SetupClosed } from '../setup/setup-closed.tsx';

const maxReturnPath = 2000;

/** Only a path of this panel: nobody is sent elsewhere after signing in. */
function returnPath(state: unknown): string {
  const from = typeof state === 'object' && state !== null && 'from' in state ? state.from : undefined;
  return typeof from === 'string' && from.length < maxReturnPath && /^\/(?![/\\])/.test(from) ? from : '/';
}

/** Sign in with mail address and password, or with the one-time ticket of `/login#ticket`. */
export function LoginScreen() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const location = useLocation();
  const setup = useQuery(setupQuery);
  const session = useQuery(sessionQuery);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [working, setWorking] = useState(location.hash.length > 1);
  const [failure, setFailure] = useState<unknown>();
  const ticketUsed = useRef(false);

  const enter = async (path: 'session' | 'session/ticket', body: unknown): Promise<void> => {
    setWorking(true);
    setFailure(undefined);
    try {
      await enterSession(client, path, body);
      await navigate(returnPath(location.state), { replace: true });
    } catch (error) {
      setFailure(error);
      setWorking(false);
    }
  };

  useEffect(() => {
    document.title = 'Sign in · Holdfast';
    const ticket = window.location.hash.slice(1);
    if (ticket === '' || ticketUsed.current) return;
    ticketUsed.current = true;
    window.history.replaceState(window.history.state, '', '/login');
    void enter('session/ticket', { ticket });
  });

  if (setup.data?.needed === true) return <SetupClosed reason="no-token" />;
  if (session.data != null && !working) return <Navigate to={returnPath(location.state)} replace />;
  return (
    <Entrance>
      <Title order={1} size="h3" mb={4}>
        Sign in
      </Title>
      <Text size="sm" c="dimmed" mb="lg">
        See whether everyone is protected, and bring files back.
      </Text>
      {setup.isError && failure === undefined && <ErrorNotice error={setup.error} onRetry={() => void setup.refetch()} />}
      {working && ticketUsed.current && email === '' ? (
        <PageLoading words="Signing in with your one-time link" />
      ) : (
        <form
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            void enter('session', { email, password });
          }}
        >
          <Stack>
            <TextInput
              label="Mail address"
              type="email"
              autoComplete="username"
              required
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            {failure !== undefined && <ErrorNotice error={failure} title="You are not signed in" />}
            <Button type="submit" loading={working}>
              Sign in
            </Button>
          </Stack>
        </form>
      )}
    </Entrance>
  );
}
