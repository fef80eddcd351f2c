import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from 'react-router/dom';
import { ApiError } from '../api/api-error.ts';
import { sessionQuery } from '../api/queries.ts';
import { UnlockedVaultProvider } from '../vault-worker/unlocked-vaults.tsx';
import { router } from './router.tsx';
import { theme } from './theme.ts';

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // The session ended meanwhile: the shell sees it and shows the sign-in screen.
    onError: (error) => {
      if (error instanceof ApiError && error.httpStatus === 401) client.setQueryData(sessionQuery.queryKey, null);
    },
  }),
  defaultOptions: {
    queries: {
      // A refusal stays a refusal; only what may pass by itself is tried again.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.status === 'temporary',
      staleTime: 5_000,
      refetchOnWindowFocus: true,
    },
  },
});

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <Notifications position="bottom-right" />
      <QueryClientProvider client={client}>
        <UnlockedVaultProvider>
          <RouterProvider router={router} />
        </UnlockedVaultProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
