import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconTrashOff } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReleaseState } from '#libs/contracts';
import { releaseState } from '#libs/contracts';
import { releasesQuery } from '../api/queries.ts';
import { EmptyNotice } from '../parts/empty-notice.tsx';
import { PanelCard } from '../parts/panel-card.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { useDecider } from '../parts/use-decider.ts';
import { useListQuery } from '../parts/use-list-query.ts';
import { releaseWords } from '../wording/storage-words.ts';
import { releaseColumns } from './release-columns.tsx';
import type { Decision } from './release-decision.tsx';
import { ReleaseDecision } from './release-decision.tsx';

const states = releaseState.options.map((state) => ({ value: state, label: releaseWords[state].label }));

/** What owners signed away, newest first. An admin approves what is unusual, and cancels what nobody meant. */
export function Releases() {
  const { list, setList } = useListQuery({ order: 'desc', sort: 'receivedAtMs', pageSize: 10 });
  const [state, setState] = useState<ReleaseState>();
  const [decision, setDecision] = useState<Decision>();
  const mayDecide = useDecider();
  return (
    <PanelCard
      flush
      title="Releases"
      note="Signed leave to delete packs of a device’s history: by the device or, once it is gone, by the team’s root. Holders keep them for the hold, at least 14 days."
      action={
        <Select
          aria-label="Which releases"
          placeholder="All releases"
          clearable
          clearButtonProps={{ 'aria-label': 'Show all releases' }}
          data={states}
          value={state ?? null}
          onChange={(value) => {
            setState(states.find((one) => one.value === value)?.value);
            setList({ ...list, page: 1 });
          }}
          w={190}
        />
      }
    >
      <ServerTable
        label="Releases"
        query={useQuery(releasesQuery(list, state))}
        list={list}
        onList={setList}
        columns={releaseColumns(mayDecide ? setDecision : undefined)}
        keyOf={(release) => release.releaseId}
        empty={
          <EmptyNotice icon={IconTrashOff} title={state === undefined ? 'Nothing was ever released' : 'No such release'}>
            {state === undefined
              ? 'When a device’s retention rules drop snapshots, what only those needed appears here, and can be cancelled until the hold is over.'
              : `None is “${releaseWords[state].label}” at the moment.`}
          </EmptyNotice>
        }
      />
      <ReleaseDecision decision={decision} onClose={() => setDecision(undefined)} />
    </PanelCard>
  );
}
