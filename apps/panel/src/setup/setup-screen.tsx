import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'react-router';
import type { SetupRequest } from '#libs/contracts';
import { setupQuery } from '../api/queries.ts';
import { Entrance } from '../parts/entrance.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { PageLoading } from '../parts/page-loading.tsx';
import { AccountStep } from './account-step.tsx';
import { ConfirmStep } from './confirm-step.tsx';
import { KitStep } from './kit-step.tsx';
import { SetupClosed } from './setup-closed.tsx';
import { StepList } from './step-list.tsx';
import { TeamStep } from './team-step.tsx';
import type { NewTeam } from './team-step.tsx';

const steps = ['Your account', 'Your team', 'Recovery kit', 'Prove it opens'] as const;

/** First run: account → team → keys made in this browser → recovery kit → proof that it opens → done. */
export function SetupScreen() {
  // The token stays out of the address once read, so that it is not in the history or on a shared screen.
  const location = useLocation();
  const [token] = useState(() => location.hash.slice(1));
  useEffect(() => {
    document.title = 'Set up · Holdfast';
    if (window.location.hash !== '') window.history.replaceState(window.history.state, '', '/setup');
  }, []);
  const setup = useQuery(setupQuery);
  const [step, setStep] = useState(0);
  const [account, setAccount] = useState<SetupRequest['account']>();
  const [team, setTeam] = useState<NewTeam>();

  if (setup.isPending)
    return (
      <Entrance>
        <PageLoading />
      </Entrance>
    );
  if (setup.isError)
    return (
      <Entrance>
        <ErrorNotice error={setup.error} onRetry={() => void setup.refetch()} />
      </Entrance>
    );
  if (!setup.data.needed) return <SetupClosed reason="done" />;
  if (token === '' || setup.data.coordinatorKey === undefined) return <SetupClosed reason="no-token" />;

  return (
    <Entrance wide>
      <Title order={1} size="h3" mb={4}>
        Set up your team
      </Title>
      <Text c="dimmed" size="sm" mb="lg" className="no-print">
        Four short steps. The team’s private keys are made in this browser and never leave it unsealed. Was there a coordinator before, and
        its disk is lost? Then make no new team: “A lost coordinator” in the restore guide says how to put it back.
      </Text>
      <StepList steps={steps} current={step} />
      {step === 0 && (
        <AccountStep
          initial={account}
          onDone={(done) => {
            setAccount(done);
            setStep(1);
          }}
        />
      )}
      {step === 1 && (
        <TeamStep
          coordinatorKey={setup.data.coordinatorKey}
          onBack={() => setStep(0)}
          onDone={(done) => {
            setTeam(done);
            setStep(2);
          }}
        />
      )}
      {step === 2 && team !== undefined && <KitStep team={team} onDone={() => setStep(3)} />}
      {step === 3 && team !== undefined && account !== undefined && (
        <ConfirmStep token={token} account={account} team={team} onBack={() => setStep(2)} />
      )}
    </Entrance>
  );
}
