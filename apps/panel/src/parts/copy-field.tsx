import { ActionIcon, Code, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './copy-field.module.css';

/** Text to take along, with a copy button. */
export function CopyField({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className={classes['row']} role="group" aria-label={label}>
      <Code className={classes['text']} tabIndex={0}>
        {text}
      </Code>
      <CopyButton value={text} timeout={2000}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon size={38} variant="default" onClick={copy} aria-label={copied ? `${label}: copied` : `Copy ${label}`}>
              {copied ? <IconCheck size={18} /> : <IconCopy size={18} stroke={1.7} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}
