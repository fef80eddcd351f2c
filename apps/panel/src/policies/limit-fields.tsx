import { NumberInput, Switch } from '@mantine/core';
import type { LinkLimits } from '#libs/contracts';
import type { FieldsProps } from './parts-of-policy.tsx';
import classes from './policies.module.css';

const megabyte = 1e6;
const unlimited: LinkLimits = { uploadBytesPerSecond: null, downloadBytesPerSecond: null };

/** The limits of all connections together, and those of two kinds of them. Limits at certain hours are kept as they are. */
export function LimitFields({ value, onChange, disabled }: FieldsProps<'limits'>) {
  const links = (key: 'lan' | 'relay', title: string, description: string) => (
    <LinkFields
      title={title}
      description={description}
      disabled={disabled}
      value={value[key]}
      onChange={(limits) => {
        const { [key]: _replaced, ...rest } = value;
        onChange(limits === undefined ? rest : { ...rest, [key]: limits });
      }}
    />
  );
  return (
    <div className={classes['fields']}>
      <Rates value={value} disabled={disabled} onChange={(rates) => onChange({ ...value, ...rates })} />
      {links('lan', 'Local network', 'Devices with private addresses, those in a VPN included, have these instead of the limits above.')}
      {links('relay', 'Relay', 'What has to run through the coordinator has these besides the limits above.')}
    </div>
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
  readonly of?: string;
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
