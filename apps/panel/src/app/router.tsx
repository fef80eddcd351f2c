import { createBrowserRouter } from 'react-router';
import { PageLoading } from '../parts/page-loading.tsx';
import { RouteFailure } from './route-failure.tsx';
import { Shell } from './shell.tsx';

/** One code chunk per screen: what somebody does not open is not loaded. */
export const router = createBrowserRouter([
  {
    errorElement: <RouteFailure />,
    hydrateFallbackElement: <PageLoading />,
    children: [
      { path: '/setup', lazy: async () => ({ Component: (await import('../setup/setup-screen.tsx')).SetupScreen }) },
      ...['/login', '/sign-in'].map((path) => ({
        path,
        lazy: async () => ({ Component: (await import('../login/login-screen.tsx')).LoginScreen }),
      })),
      {
        path: '/',
        element: <Shell />,
        children: [
          {
            errorElement: <RouteFailure />,
            children: [
              { index: true, lazy: async () => ({ Component: (await import('../overview/overview-screen.tsx')).OverviewScreen }) },
              { path: 'devices', lazy: async () => ({ Component: (await import('../devices/devices-screen.tsx')).DevicesScreen }) },
              { path: 'devices/:deviceId', lazy: async () => ({ Component: (await import('../devices/device-screen.tsx')).DeviceScreen }) },
              { path: 'restore', lazy: async () => ({ Component: (await import('../restore/restore-screen.tsx')).RestoreScreen }) },
              {
                path: 'restores/:restoreId',
                lazy: async () => ({ Component: (await import('../restore/receipt-screen.tsx')).ReceiptScreen }),
              },
              { path: 'storage', lazy: async () => ({ Component: (await import('../storage/storage-screen.tsx')).StorageScreen }) },
              { path: 'policies', lazy: async () => ({ Component: (await import('../policies/policies-screen.tsx')).PoliciesScreen }) },
              {
                path: 'policies/:deviceId',
                lazy: async () => ({ Component: (await import('../policies/device-policy-screen.tsx')).DevicePolicyScreen }),
              },
              { path: 'access', lazy: async () => ({ Component: (await import('../access/access-screen.tsx')).AccessScreen }) },
              { path: '*', lazy: async () => ({ Component: (await import('./not-found.tsx')).NotFound }) },
            ],
          },
        ],
      },
    ],
  },
]);
