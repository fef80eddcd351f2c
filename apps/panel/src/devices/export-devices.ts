import { deviceSummary, pageOf } from '#libs/contracts';
import type { DeviceSummary } from '#libs/contracts';
import { call } from '../api/client.ts';
import type { ListQuery } from '../api/queries.ts';
import { csvText, csvTime } from '../parts/csv.ts';
import { saveText } from '../parts/save-text.ts';
import { deviceProtectionWords, deviceStateWords } from '../wording/states.ts';

const pageSize = 500;

/** Everything that the search finds, in its order, over all pages. Sizes in bytes, times in UTC. */
export async function exportDevices(list: ListQuery): Promise<void> {
  const devices: DeviceSummary[] = [];
  for (let page = 1; ; page += 1) {
    const reply = await call(pageOf(deviceSummary), 'devices', { query: { ...list, page, pageSize } });
    devices.push(...reply.items);
    if (reply.items.length === 0 || devices.length >= reply.total) break;
  }
  const head = [
    'name',
    'device id',
    'site',
    'class',
    'system',
    'agent version',
    'protection',
    'state',
    'online',
    'last seen',
    'last captured',
    'last protected',
    'RPO met',
    'snapshots',
    'vault bytes',
    'held bytes',
    'held packs',
  ];
  const rows = devices.map((device) => [
    device.name,
    device.deviceId,
    device.site,
    device.class,
    device.os,
    device.agentVersion,
    deviceProtectionWords(device).label,
    deviceStateWords[device.state].label,
    device.online,
    csvTime(device.lastSeenAtMs),
    csvTime(device.lastCapturedAtMs),
    csvTime(device.lastProtectedAtMs),
    device.rpoMet,
    device.snapshots,
    device.vaultBytes,
    device.heldBytes,
    device.heldPacks,
  ]);
  saveText('holdfast-devices.csv', csvText([head, ...rows]), 'text/csv;charset=utf-8');
}
