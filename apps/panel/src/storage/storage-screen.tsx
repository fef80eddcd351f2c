import { PageTitle } from '../parts/page-title.tsx';
import { Releases } from './releases.tsx';
import { TeamAudits } from './team-audits.tsx';
import { Trims } from './trims.tsx';
import classes from './storage.module.css';

/** What is on its way out and can still be stopped, and whether holders prove what they keep. */
export function StorageScreen() {
  return (
    <>
      <PageTitle
        title="Storage"
        note="What devices want to delete, and whether holders still have what they keep for others. Nothing is deleted before its hold is over."
      />
      <div className={classes['stack']}>
        <Releases />
        <TeamAudits />
        <Trims />
      </div>
    </>
  );
}
