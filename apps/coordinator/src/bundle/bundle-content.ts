import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { BundleContent } from '#libs/contracts';
import { bundleContent, maxBundleContentBytes } from '#libs/contracts';
import { CoordinatorError } from '../errors.ts';
import type { TeamTables } from './team-tables.repository.ts';

/** The bytes that are sealed: gzip over JSON text. */
export function packContent(content: BundleContent): Uint8Array {
  return gzipSync(JSON.stringify(content), { level: 9 });
}

/** Throws `bundle_invalid`: no gzip, more than 64 MiB, or not what a bundle holds. */
export function unpackContent(bytes: Uint8Array): BundleContent {
  try {
    return bundleContent.parse(JSON.parse(gunzipSync(bytes, { maxOutputLength: maxBundleContentBytes }).toString('utf8')));
  } catch (cause) {
    throw new CoordinatorError('bundle_invalid', 'What is sealed in the bundle is not what this version expects.', {
      cause,
      nextStep: 'Use the newest version of Holdfast, or a bundle from another device.',
    });
  }
}

/** Says whether there is news: SHA-256 over everything but what changes by itself, base64url. */
export function fingerprintOf({ team, devices, marks, policies, accounts }: TeamTables): string {
  const lasting = devices.map(({ addresses: _addresses, agentVersion: _version, lastSeenAtMs: _seen, os: _os, ...device }) => device);
  return createHash('sha256')
    .update(JSON.stringify([team, lasting, marks, policies, accounts]))
    .digest('base64url');
}
