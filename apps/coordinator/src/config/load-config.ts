import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { CoordinatorError } from '../errors.ts';
import type { CoordinatorConfig } from './config.schema.ts';
import { coordinatorConfig } from './config.schema.ts';

export const configEnvironments = ['production', 'development', 'test', 'demo'] as const;

export interface LoadConfigOptions {
  /** Which file of `config/` lies over `default.yaml`. Default: HOLDFAST_ENV, else production. */
  readonly environment?: string;
  /** A file that lies over that one. Default: HOLDFAST_CONFIG. */
  readonly file?: string;
  /** Lies over everything else: what the command line said. */
  readonly overrides?: Record<string, unknown>;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Secrets and deployment facts that may come from the environment; each also as NAME_FILE, a file that holds it. */
const fromEnvironment: Readonly<Record<string, { path: readonly string[]; number?: true }>> = {
  HOLDFAST_DATABASE_URL: { path: ['database', 'url'] },
  HOLDFAST_METRICS_TOKEN: { path: ['metrics', 'token'] },
  HOLDFAST_COORDINATOR_HOME: { path: ['dataDir'] },
  HOLDFAST_LISTEN_HOST: { path: ['listen', 'host'] },
  HOLDFAST_LISTEN_PORT: { path: ['listen', 'port'], number: true },
  HOLDFAST_PUBLIC_HOST: { path: ['public', 'host'] },
  HOLDFAST_PUBLIC_PORT: { path: ['public', 'port'], number: true },
};

/**
 * Reads the configuration: default.yaml, the environment's YAML, the file named by HOLDFAST_CONFIG, environment variables, overrides.
 * Throws `config_invalid` with every offending key by name.
 */
export function loadConfig(options: LoadConfigOptions = {}): CoordinatorConfig {
  const env = options.env ?? process.env;
  const environment = options.environment ?? env['HOLDFAST_ENV'] ?? 'production';
  if (!(configEnvironments as readonly string[]).includes(environment)) {
    throw new CoordinatorError('config_invalid', `HOLDFAST_ENV is "${environment}"; it must be one of ${configEnvironments.join(', ')}.`);
  }
  const folder = join(installationRoot(), 'config');
  const extra = options.file ?? env['HOLDFAST_CONFIG'];
  const layers = [readYaml(join(folder, 'default.yaml')), readYaml(join(folder, `${environment}.yaml`))];
  if (extra) layers.push(readYaml(resolve(extra)));
  layers.push(readEnvironment(env), options.overrides ?? {});
  const result = coordinatorConfig.safeParse(layers.reduce(merge, {}));
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.') || '(top)'}: ${issue.message}`);
  throw new CoordinatorError('config_invalid', `The configuration is not valid:\n${lines.join('\n')}`, {
    nextStep: `Every key is described in ${join(folder, 'default.yaml')}.`,
  });
}

/** The folder that holds keys, certificate and database. Always absolute. */
export function dataFolder(config: CoordinatorConfig, env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (config.dataDir) return resolve(config.dataDir);
  const xdg = env['XDG_DATA_HOME'];
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.local', 'share'), 'holdfast-coordinator');
}

/** The folder with package.json, whether this file runs from source or from dist. */
export function installationRoot(): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) && existsSync(join(at, 'config'))) return at;
    if (dirname(at) === at) throw new CoordinatorError('config_invalid', 'The config folder of this installation was not found.');
  }
}

function readYaml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CoordinatorError('config_invalid', `The configuration file ${file} can't be read.`, { cause });
  }
  try {
    const value: unknown = parse(text);
    if (value === null) return {};
    if (isPlain(value)) return value;
  } catch (cause) {
    throw new CoordinatorError('config_invalid', `The configuration file ${file} is not YAML: ${(cause as Error).message}`, { cause });
  }
  throw new CoordinatorError('config_invalid', `The configuration file ${file} must hold keys and values.`);
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  let out: Record<string, unknown> = {};
  for (const [name, { path, number }] of Object.entries(fromEnvironment)) {
    const file = env[`${name}_FILE`];
    const text = env[name] ?? (file ? readFileSync(file, 'utf8').trim() : undefined);
    if (text === undefined || text === '') continue;
    const value: unknown = number ? Number(text) : text;
    out = merge(out, path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Record<string, unknown>);
  }
  return out;
}

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Objects are merged key by key; everything else, lists too, is replaced. A different `mode` replaces the whole object. */
function merge(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const out = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = out[key];
    out[key] = isPlain(below) && isPlain(value) && below['mode'] === (value['mode'] ?? below['mode']) ? merge(below, value) : value;
  }
  return out;
}
