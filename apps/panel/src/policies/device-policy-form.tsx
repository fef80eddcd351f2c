import { Switch } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { DevicePolicy, Policy, PolicyOverride } from '#libs/contracts';
import { defaultSelection, devicePolicy } from '#libs/contracts';
import { call } from '../api/client.ts';
import { devicePolicyQuery } from '../api/queries.ts';
import { notifyDone } from '../parts/notify.ts';
import { PanelCard } from '../parts/panel-card.tsx';
import { policyProblem, withPart } from './check-policy.ts';
import { partsOfPolicy } from './parts-of-policy.tsx';
import { SaveBar } from './save-bar.tsx';
import classes from './policies.module.css';

export function DevicePolicyForm({
  deviceId,
  saved,
  team,
}: {
  readonly deviceId: string;
  readonly saved: DevicePolicy;
  readonly team: Policy;
}) {
  const client = useQueryClient();
  const [override, setOverride] = useState<PolicyOverride>(saved.override);
  const [generation, setGeneration] = useState(0);
  const changed = JSON.stringify(override) !== JSON.stringify(saved.override);
  const save = useMutation({
    mutationFn: () => call(devicePolicy, `policies/devices/${deviceId}`, { method: 'PUT', body: override }),
    onSuccess: async (document) => {
      notifyDone('The device’s policy is saved');
      client.setQueryData(devicePolicyQuery(deviceId).queryKey, document);
      await client.invalidateQueries({ queryKey: ['policies'] });
    },
  });
  return (
    <div className={classes['stack']}>
      {partsOfPolicy.map(({ key, title, note, fields: Fields }) => {
        const own = override[key] !== undefined;
        return (
          <PanelCard
            key={`${key}${generation}${own ? 'own' : 'team'}`}
            title={title}
            note={note}
            action={
              <Switch
                label={own ? 'Own' : 'As the team'}
                aria-label={`${title}: own for this device`}
                checked={own}
                onChange={(event) => {
                  const value = event.currentTarget.checked ? (saved.effective[key] ?? defaultSelection) : undefined;
                  setOverride((before) => withPart(before, key, value));
                }}
              />
            }
          >
            <Fields
              value={override[key] ?? team[key]}
              disabled={!own}
              onChange={(value) => setOverride((before) => withPart(before, key, value))}
            />
          </PanelCard>
        );
      })}
      {changed && (
        <SaveBar
          words="This device’s policy was changed here, but not saved."
          failure={save.error}
          saving={save.isPending}
          invalid={policyProblem(override)}
          onSave={() => save.mutate()}
          onUndo={() => {
            setOverride(saved.override);
            setGeneration(generation + 1);
          }}
        />
      )}
    </div>
  );
}
