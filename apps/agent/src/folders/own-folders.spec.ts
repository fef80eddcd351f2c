import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { nodeFiles } from '#libs/kernel/node';
import { agentDocument, type AgentDocument } from '../home/agent-document.ts';
import { JsonFile } from '../home/json-file.ts';
import { OwnFolders } from './own-folders.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-folders-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const key = Buffer.alloc(32, 1).toString('base64url');
const document: AgentDocument = {
  version: 1,
  deviceId: '00000000-0000-4000-8000-000000000001' as AgentDocument['deviceId'],
  name: 'ada',
  coordinatorUrl: 'https://127.0.0.1:1',
  certificatePin: key,
  rootKey: key,
  vaultId: '00'.repeat(16) as AgentDocument['vaultId'],
  joinedAtMs: 1,
  folders: ['/home/ada'],
};

it('keeps what is added and forgets what is removed, in the file and at once', async () => {
  const file = new JsonFile(nodeFiles, join(home, 'agent.json'), agentDocument);
  const folders = new OwnFolders(file, document);
  await folders.add(['/srv/a', '/home/ada', '/srv/b']);
  expect(folders.list()).toEqual(['/home/ada', '/srv/a', '/srv/b']);
  expect(await folders.remove(['/home/ada', '/never/named'])).toEqual(['/never/named']);
  expect(folders.list()).toEqual(['/srv/a', '/srv/b']);
  const written = JSON.parse(await readFile(join(home, 'agent.json'), 'utf8')) as AgentDocument;
  expect(written).toEqual({ ...document, folders: ['/srv/a', '/srv/b'] });
});
