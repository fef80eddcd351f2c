import { expect, it } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { EngineError } from '#libs/engine';
import { AgentError } from '../errors.ts';
import { mayPass } from './may-pass.ts';

it.each<[string, unknown, boolean]>([
  ['a full disk', new EngineError('disk_full', 'full', { status: 'temporary' }), true],
  ['a disk that is not mounted yet', new EngineError('folder_not_found', 'gone'), true],
  ['a hook that found no database', new AgentError('hook_failed', 'no'), true],
  ['something unforeseen', new TypeError('x is not a function'), true],
  ['a mistake in backup.yaml', new AgentError('rules_invalid', 'no'), false],
  ['a wrong key', new AppError('wrong_key', 'no'), false],
  ['nothing to back up', new AgentError('nothing_to_back_up', 'no'), false],
  ['a damaged vault', new EngineError('vault_state_corrupt', 'no'), false],
])('%s', (_what, error, expected) => expect(mayPass(error)).toBe(expected));
