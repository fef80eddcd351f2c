import { readFileSync } from 'node:fs';

interface Accounts {
  name(id: number): string | undefined;
  id(name: string): number | undefined;
}

/** `name:x:id:…` lines of `/etc/passwd` and `/etc/group`. Read once a run: a missing file means numbers only. */
function readAccounts(path: string): Accounts {
  let byId: Map<number, string> | undefined;
  let byName: Map<string, number> | undefined;
  const load = (): void => {
    byId = new Map();
    byName = new Map();
    let text = '';
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return;
    }
    for (const line of text.split('\n')) {
      const [name, , idText] = line.split(':');
      const id = Number(idText);
      if (!name || !idText || !Number.isInteger(id)) continue;
      if (!byId.has(id)) byId.set(id, name);
      if (!byName.has(name)) byName.set(name, id);
    }
  };
  return {
    name(id) {
      if (!byId) load();
      return byId!.get(id);
    },
    id(name) {
      if (!byName) load();
      return byName!.get(name);
    },
  };
}

export interface AccountNames {
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
}

export function accountFiles(passwd = '/etc/passwd', group = '/etc/group'): AccountNames {
  const users = readAccounts(passwd);
  const groups = readAccounts(group);
  return {
    userName: (uid) => users.name(uid),
    groupName: (gid) => groups.name(gid),
    userId: (name) => users.id(name),
    groupId: (name) => groups.id(name),
  };
}
