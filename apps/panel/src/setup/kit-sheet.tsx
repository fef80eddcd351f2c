import { useEffect, useState } from 'react';
import { absoluteTime } from '../wording/times.ts';
import type { NewTeam } from './team-step.tsx';
import classes from './kit-sheet.module.css';

/** The printable page: the whole kit as a QR code and as text, so that paper alone is enough. */
export function KitSheet({ team }: { readonly team: NewTeam }) {
  const [image, setImage] = useState<string>();
  useEffect(() => {
    let current = true;
    void import('qrcode').then(async ({ default: qr }) => {
      // The kit without its line breaks: a smaller code that reads more easily from paper.
      const url = await qr.toDataURL(JSON.stringify(JSON.parse(team.recoveryKit)), { errorCorrectionLevel: 'L', margin: 2, scale: 5 });
      if (current) setImage(url);
    });
    return () => {
      current = false;
    };
  }, [team.recoveryKit]);
  return (
    <article className={classes['sheet']} aria-label="Recovery kit to print">
      <div>
        <h2 className={classes['title']}>Holdfast recovery kit</h2>
        <dl className={classes['facts']}>
          <dt>Team</dt>
          <dd>{team.name}</dd>
          <dt>Made</dt>
          <dd>{absoluteTime(team.createdAtMs)}</dd>
          <dt>Opens with</dt>
          <dd>the recovery passphrase</dd>
        </dl>
        <p className={classes['words']}>
          To use this page: scan the code, store its text as a .json file, and give it to the panel or to “holdfast restore”.
        </p>
      </div>
      <div className={classes['code']}>
        {image !== undefined && <img src={image} alt="QR code with the recovery kit" width={200} height={200} />}
      </div>
      <pre className={classes['text']} tabIndex={0} aria-label="Text of the recovery kit">
        {team.recoveryKit}
      </pre>
    </article>
  );
}
