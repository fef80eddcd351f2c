import { describe, expect, it } from '@jest/globals';
import { backupResources } from './backup-resources.ts';

describe('how much of the machine a backup may take', () => {
  it('is what the environment says, else left to the engine', () => {
    expect(backupResources({})).toEqual({});
    expect(backupResources({ HOLDFAST_BACKUP_WORKERS: '' })).toEqual({});
    expect(backupResources({ HOLDFAST_BACKUP_WORKERS: '0', HOLDFAST_BACKUP_MEMORY_MIB: '300', HOLDFAST_SILENT_SECONDS: '5' })).toEqual({
      workers: 0,
      memoryBytes: 300 * 1024 * 1024,
      silentMs: 5_000,
    });
  });

  it.each([
    ['HOLDFAST_BACKUP_WORKERS', '65'],
    ['HOLDFAST_BACKUP_WORKERS', 'many'],
    ['HOLDFAST_BACKUP_WORKERS', '-1'],
    ['HOLDFAST_BACKUP_WORKERS', '1.5'],
    ['HOLDFAST_BACKUP_MEMORY_MIB', '10'],
    ['HOLDFAST_SILENT_SECONDS', '0'],
    ['HOLDFAST_SILENT_SECONDS', '3601'],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(() => backupResources({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'bad_argument', message: expect.stringContaining(name) }),
    );
  });
});
