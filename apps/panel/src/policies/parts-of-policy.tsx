import type { ReactNode } from 'react';
import type { Policy, PolicyOverride } from '#libs/contracts';
import { LimitFields } from './limit-fields.tsx';
import { ListFields } from './list-fields.tsx';
import { ReplicaFields } from './replica-fields.tsx';
import { RetentionFields } from './retention-fields.tsx';
import { PledgeFields } from './room-fields.tsx';
import { ScheduleFields } from './schedule-fields.tsx';
import { SelectionFields } from './selection-fields.tsx';

export interface FieldsProps<K extends keyof PolicyOverride> {
  readonly value: Policy[K];
  readonly onChange: (value: Policy[K]) => void;
  readonly disabled: boolean;
}

interface PartOfPolicy<K extends keyof PolicyOverride> {
  readonly key: K;
  readonly title: string;
  readonly note: string;
  readonly fields: (props: FieldsProps<K>) => ReactNode;
}

/** The list has parts of several types; each of its fields is given its own value only, which the compiler can't follow through the list. */
const part = <K extends keyof PolicyOverride>(
  key: K,
  title: string,
  note: string,
  fields: (props: FieldsProps<K>) => ReactNode,
): PartOfPolicy<keyof PolicyOverride> => ({ key, title, note, fields }) as unknown as PartOfPolicy<keyof PolicyOverride>;

/** The parts of a policy, in the order of the screen. A device may have its own of each. */
export const partsOfPolicy: readonly PartOfPolicy<keyof PolicyOverride>[] = [
  part('schedule', 'Schedule', 'When a backup starts, and how old the newest protected snapshot may get.', (props) => (
    <ScheduleFields {...props} />
  )),
  part('folders', 'Folders', 'What is backed up beside the folders that were named on the device itself.', (props) => (
    <ListFields {...props} label="Folders, one a line" placeholder={'/home\n/srv/projects'} description="Absolute paths on the device." />
  )),
  part('excludes', 'Excludes', 'What is left out, in gitignore syntax, relative to each folder.', (props) => (
    <ListFields
      {...props}
      label="Patterns, one a line"
      placeholder={'node_modules/\n*.tmp\n!important.tmp'}
      description="Lines with # are notes; ! takes something back in."
    />
  )),
  part('selection', 'Files', 'Which files of the folders are taken, beside the excludes.', (props) => <SelectionFields {...props} />),
  part('retention', 'Retention', 'Which snapshots are kept. A snapshot stays when any of these rules wants it.', (props) => (
    <RetentionFields {...props} />
  )),
  part('replicas', 'Replicas', 'On how many other machines every pack is kept.', (props) => <ReplicaFields {...props} />),
  part('pledge', 'Room for others', 'How much of its disk a device gives for the packs of colleagues.', (props) => (
    <PledgeFields {...props} />
  )),
  part('limits', 'Network limits', 'So that nobody notices a backup.', (props) => <LimitFields {...props} />),
];
