import { NumberInput, Switch } from '@mantine/core';
import type { LinkLimits } from '#libs/contracts';
import classes from './policies.module.css';

const megabyte = 1e6;

/** What a limit starts with: none. */
export const unlimited: LinkLimits = { uploadBytesPerSecond: null, downloadBytesPerSecond: null };

/** Limits of all connections, and of those of two kinds where they have their own. */
export interface RatesOfLinks extends LinkLimits {
  readonly lan?: LinkLimits | undefined;
  readonly relay?: LinkLimits | undefined;
}

interface RatesOfLinksProps<T extends RatesOfLinks> {
  /** Before each label, where a screen has several; absent: nothing. */
  readonly of?: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly disabled: boolean;
  /** What it means that a kind of connection has limits of its own. */
  readonly notes: { readonly lan: string; readonly relay: string };
}

/** The rates of all connections, and a switch for each kind that may have its own. What else `value` has is kept. */
export function RatesOfLinksFields<T extends RatesOfLinks>({ of, value, onChange, disabled, notes }: RatesOfLinksProps<T>) {
  const links = (key: 'lan' | 'relay', title: string) => (
    <LinkFields
      title={of === undefined ? title : `${of}, ${title.toLowerCase()}`}
      description={notes[key]}
      disabled={disabled}
      value={value[key]}
      onChange={(limits) => {
        const { [key]: _replaced, ...others } = value;
        onChange((limits === undefined ? others : { ...others, [key]: limits }) as T);
      }}
    />
  );
  return (
    <>
      <Rates of={of} value={value} disabled={disabled} onChange={(rates) => onChange({ ...value, ...rates })} />
      {links('lan', 'Local network')}
      {links('relay', 'Relay')}
    </>
  );
}

interface LinkFieldsProps {
  readonly title: string;
  readonly description: string;
  readonly value: LinkLimits | undefined;
  readonly onChange: (value: LinkLimits | undefined) => void;
  readonly disabled: boolean;
}

/** One kind of connection: a switch for limits of its own, and these. */
function LinkFields({ title, description, value, onChange, disabled }: LinkFieldsProps) {
  return (
    <>
      <Switch
        className={classes['wide']}
        label={`${title}: limits of its own`}
        description={description}
        disabled={disabled}
        checked={value !== undefined}
        onChange={(event) => onChange(event.currentTarget.checked ? unlimited : undefined)}
      />
      {value && <Rates of={title} value={value} onChange={onChange} disabled={disabled} />}
    </>
  );
}

interface RatesProps {
  /** Which connections, for the labels; absent: all. */
  readonly of?: string | undefined;
  readonly value: LinkLimits;
  readonly onChange: (value: LinkLimits) => void;
  readonly disabled: boolean;
}

function Rates({ of, value: { uploadBytesPerSecond, downloadBytesPerSecond }, onChange, disabled }: RatesProps) {
  const rates = { uploadBytesPerSecond, downloadBytesPerSecond };
  const rate = (key: keyof LinkLimits, label: string) => (
    <NumberInput
      label={of ? `${of}: ${label} (MB/s)` : `${label[0]!.toUpperCase()}${label.slice(1)} (MB/s)`}
      description="Empty: no limit."
      min={0}
      disabled={disabled}
      value={rates[key] === null ? '' : rates[key] / megabyte}
      onChange={(entered) => onChange({ ...rates, [key]: entered === '' ? null : Math.round(Number(entered) * megabyte) })}
    />
  );
  return (
    <>
      {rate('uploadBytesPerSecond', 'upload')}
      {rate('downloadBytesPerSecond', 'download')}
    </>
  );
}
