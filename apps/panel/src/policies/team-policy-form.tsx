import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Policy } from '#libs/contracts';
import { policyDocument } from '#libs/contracts';
import { call } from '../api/client.ts';
import { teamPolicyQuery } from '../api/queries.ts';
import { notifyDone } from '../parts/notify.ts';
import { PanelCard } from '../parts/panel-card.tsx';
import { policyProblem } from './check-policy.ts';
import { partsOfPolicy } from './parts-of-policy.tsx';
import { SaveBar } from './save-bar.tsx';
import classes from './policies.module.css';

export function TeamPolicyForm({ saved }: { readonly saved: Policy }) {
  const client = useQueryClient();
  const [policy, setPolicy] = useState(saved);
  // Fields that keep their own text start afresh after an undo.
  const [generation, setGeneration] = useState(0);
  const changed = JSON.stringify(policy) !== JSON.stringify(saved);
  const save = useMutation({
    mutationFn: () => call(policyDocument, 'policies/team', { method: 'PUT', body: policy }),
    onSuccess: async (document) => {
      notifyDone('The team’s policy is saved', 'Devices that are online follow it within seconds.');
      client.setQueryData(teamPolicyQuery.queryKey, document);
      await client.invalidateQueries({ queryKey: ['policies'] });
    },
  });
  return (
    <div className={classes['stack']}>
      {partsOfPolicy.map(({ key, title, note, fields: Fields }) => (
        <PanelCard key={`${key}${generation}`} title={title} note={note}>
          <Fields value={policy[key]} disabled={false} onChange={(value) => setPolicy((before) => ({ ...before, [key]: value }))} />
        </PanelCard>
      ))}
      {changed && (
        <SaveBar
          words="The policy was changed here, but not saved."
          failure={save.error}
          saving={save.isPending}
          invalid={policyProblem(policy)}
          onSave={() => save.mutate()}
          onUndo={() => {
            setPolicy(saved);
            setGeneration(generation + 1);
          }}
        />
      )}
    </div>
  );
}
