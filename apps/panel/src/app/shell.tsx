import { ActionIcon, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAdjustments, IconDatabase, IconDevices, IconHistory, IconLayoutDashboard, IconLogout, IconUsers } from '@tabler/icons-react';
import { Navigate, NavLink, Outlet, useLocation } from 'react-router';
import { useLiveUpdates } from '../api/live-updates.ts';
import { sessionQuery } from '../api/queries.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageLoading } from '../parts/page-loading.tsx';
import { LockBadge } from '../vault-worker/lock-badge.tsx';
import { BrandMark } from './brand-mark.tsx';
import { ColorSchemeButton } from './color-scheme-button.tsx';
import { useSignOut } from './use-sign-out.ts';
import classes from './shell.module.css';

const places = [
  { to: '/', label: 'Overview', icon: IconLayoutDashboard },
  { to: '/devices', label: 'Devices', icon: IconDevices },
  { to: '/restore', label: 'Restore', icon: IconHistory },
  { to: '/storage', label: 'Storage', icon: IconDatabase },
  { to: '/policies', label: 'Policies', icon: IconAdjustments },
  { to: '/access', label: 'Access', icon: IconUsers },
] as const;

/** Everything behind sign-in: navigation, who is signed in, and the screen. */
export function Shell() {
  const session = useQuery(sessionQuery);
  const location = useLocation();
  if (session.isPending) return <PageLoading />;
  if (session.isError)
    return (
      <main className={classes['alone']}>
        <ErrorNotice error={session.error} title="The panel can’t start" onRetry={() => void session.refetch()} />
      </main>
    );
  if (session.data === null) return <Navigate to="/login" replace state={{ from: location.pathname + location.search }} />;
  return <SignedIn teamName={session.data.team.name} personName={session.data.user.name} role={session.data.user.role} />;
}

function SignedIn({ teamName, personName, role }: { readonly teamName: string; readonly personName: string; readonly role: string }) {
  const live = useLiveUpdates();
  const signOut = useSignOut();
  return (
    <div className={classes['frame']}>
      <a href="#content" className={classes['skip']}>
        Skip to the content
      </a>
      <header className={classes['top']}>
        <span className={classes['brand']}>
          <BrandMark />
          <span>
            <span className={classes['name']}>Holdfast</span>
            <span className={classes['team']}>{teamName}</span>
          </span>
        </span>
        <nav className={classes['nav']} aria-label="Screens">
          {places.map(({ to, label, icon: Icon }) => (
            <NavLink key={to} to={to} end={to === '/'} className={classes['link']}>
              <Icon size={20} stroke={1.7} aria-hidden />
              <span>{label}</span>
            </NavLink>
          ))}
        </nav>
        <div className={classes['foot']}>
          <LockBadge />
          <span className={classes['person']}>
            <Text size="sm" fw={600} truncate>
              {personName}
            </Text>
            <Text size="xs" c="dimmed">
              {role}
            </Text>
          </span>
          <span className={classes['tools']}>
            <ColorSchemeButton />
            <Tooltip label="Sign out">
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Sign out" onClick={signOut}>
                <IconLogout size={19} stroke={1.7} />
              </ActionIcon>
            </Tooltip>
          </span>
        </div>
      </header>
      <main id="content" className={classes['content']} tabIndex={-1}>
        {live === 'lost' && (
          <p role="status" className={classes['lost']}>
            Live updates are interrupted. What you see may be old; the panel reconnects by itself.
          </p>
        )}
        <Outlet />
      </main>
    </div>
  );
}
