import type { Command } from './command.ts';

/** Every command that runs in a runtime; loaded when it is used. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  status: async () => (await import('../status/status.command.ts')).statusCommand,
  backup: async () => (await import('../backup/backup.command.ts')).backupCommand,
  snapshots: async () => (await import('../snapshots/snapshots.command.ts')).snapshotsCommand,
  'snapshots-pin': async () => (await import('../snapshots/snapshots-pin.command.ts')).snapshotsPinCommand,
  ls: async () => (await import('../snapshots/ls.command.ts')).lsCommand,
  restore: async () => (await import('../restore/restore.command.ts')).restoreCommand,
  'vault-known': async () => (await import('../restore/vault-known.command.ts')).vaultKnownCommand,
  dump: async () => (await import('../dump/dump.command.ts')).dumpCommand,
  find: async () => (await import('../find/find.command.ts')).findCommand,
  diff: async () => (await import('../diff/diff.command.ts')).diffCommand,
  mount: async () => (await import('../mount/mount.command.ts')).mountCommand,
  forget: async () => (await import('../forget/forget.command.ts')).forgetCommand,
  prune: async () => (await import('../prune/prune.command.ts')).pruneCommand,
  check: async () => (await import('../check/check.command.ts')).checkCommand,
  'repair-index': async () => (await import('../repair/repair-index.command.ts')).repairIndexCommand,
  'repair-snapshots': async () => (await import('../repair/repair-snapshots.command.ts')).repairSnapshotsCommand,
  'key-list': async () => (await import('../key/key.commands.ts')).keyListCommand,
  'key-add-passphrase': async () => (await import('../key/key.commands.ts')).keyAddPassphraseCommand,
  'key-remove': async () => (await import('../key/key.commands.ts')).keyRemoveCommand,
  folders: async () => (await import('../folders/folders.command.ts')).foldersCommand,
  pause: async () => (await import('../manners/pause.commands.ts')).pauseCommand,
  resume: async () => (await import('../manners/pause.commands.ts')).resumeCommand,
  coordinator: async () => (await import('../coordinator-bundle/coordinator.commands.ts')).coordinatorCommand,
  'coordinator-bundle': async () => (await import('../coordinator-bundle/coordinator.commands.ts')).coordinatorBundleCommand,
  'coordinator-move': async () => (await import('../coordinator-bundle/coordinator.commands.ts')).coordinatorMoveCommand,
  devices: async () => (await import('../devices/devices.command.ts')).devicesCommand,
};

export async function loadCommand(name: string): Promise<Command | undefined> {
  return commands[name]?.();
}
