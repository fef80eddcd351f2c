import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { AppError } from '#libs/kernel';
import { aPack } from '../testing/builders.ts';
import type { RequestLine } from './gateway-request.ts';
import { parseGatewayRequest, resolveRange } from './gateway-request.ts';

const { packId } = aPack(10);
const parse = (url: string, rest: Partial<RequestLine> = {}): unknown =>
  parseGatewayRequest({ method: 'GET', url, accept: undefined, range: undefined, ...rest });

describe('requests to the gateway', () => {
  it.each<[string, Partial<RequestLine>, object]>([
    [`/ipfs/${packId}`, {}, { kind: 'file', packId, range: undefined }],
    [`/ipfs/${packId}/`, { method: 'HEAD' }, { kind: 'file', packId }],
    [`/ipfs/${packId}?format=raw`, {}, { kind: 'block', of: packId, asCar: false }],
    [`/ipfs/${packId}`, { accept: 'application/vnd.ipld.raw' }, { kind: 'block', of: packId, asCar: false }],
    [`/ipfs/${packId}`, { accept: 'application/vnd.ipld.car; version=1; order=dfs' }, { kind: 'car', packId, bytes: undefined }],
    [`/ipfs/${packId}?format=car&dag-scope=block`, {}, { kind: 'block', of: packId, asCar: true }],
    [`/ipfs/${packId}?format=car&dag-scope=entity&entity-bytes=5:99`, {}, { kind: 'car', packId, bytes: { first: 5, last: 99 } }],
    [`/ipfs/${packId}?format=car&entity-bytes=-7:*`, {}, { kind: 'car', packId, bytes: { lastBytes: 7 } }],
    [`/ipfs/${packId}`, { range: 'bytes=5-9' }, { kind: 'file', packId, range: { first: 5, last: 9 } }],
    [`/ipfs/${packId}`, { range: 'bytes=5-' }, { kind: 'file', packId, range: { first: 5, last: undefined } }],
    [`/ipfs/${packId}`, { range: 'bytes=-9' }, { kind: 'file', packId, range: { lastBytes: 9 } }],
    // Not understood, so not there (RFC 9110, section 14.2).
    [`/ipfs/${packId}`, { range: 'bytes=0-1,5-6' }, { kind: 'file', packId, range: undefined }],
    [`/ipfs/${packId}`, { range: 'bytes=9-5' }, { kind: 'file', packId, range: undefined }],
    ['/ipfs/bafkqaaa?format=raw', {}, { kind: 'probe' }],
  ])('%s %j', (url, rest, expected) => {
    expect(parse(url, rest)).toMatchObject(expected);
  });

  it('takes raw blocks by their CID', () => {
    const cid = CID.createV1(0x55, CID.parse(packId).multihash);
    expect(parse(`/ipfs/${cid.toString()}?format=raw`)).toEqual({ kind: 'block', of: cid, asCar: false });
    expect(parse(`/ipfs/${cid.toString()}?format=car`)).toEqual({ kind: 'block', of: cid, asCar: true });
  });

  it.each<[string, Partial<RequestLine>, string]>([
    [`/ipfs/${packId}`, { method: 'POST' }, 'protocol_violation'],
    [`/ipfs/${packId}?format=tar`, {}, 'protocol_violation'],
    [`/ipfs/${packId}?format=car&dag-scope=some`, {}, 'protocol_violation'],
    [`/ipfs/${packId}?format=car&entity-bytes=9:5`, {}, 'protocol_violation'],
    ['/ipfs/nonsense', {}, 'protocol_violation'],
    ['http://[', {}, 'protocol_violation'],
    [`/ipns/${packId}`, {}, 'pack_not_found'],
    [`/ipfs/${packId}/etc/passwd`, {}, 'pack_not_found'],
    ['/ipfs/../../etc/passwd', {}, 'pack_not_found'],
    ['/ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', {}, 'pack_not_found'],
    ['/', {}, 'pack_not_found'],
  ])('refuses %s %j', (url, rest, code) => {
    expect(() => parse(url, rest)).toThrow(expect.objectContaining({ code }));
  });

  it('answers any nonsense with an error of its own', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ maxLength: 60 }).map((s) => `/ipfs/${s}`),
      fc.webPath(),
    );
    const header = fc.option(fc.string({ maxLength: 60 }), { nil: undefined });
    fc.assert(
      fc.property(text, header, header, (url, accept, range) => {
        try {
          parse(url, { accept, range });
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });

  it('ranges lie inside the file, or are not there', () => {
    const asked = fc.oneof(
      fc
        .record({ first: fc.nat(2_000), last: fc.option(fc.nat(2_000), { nil: undefined }) })
        .filter((r) => r.last === undefined || r.last >= r.first),
      fc.record({ lastBytes: fc.nat(2_000) }),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 1_000 }), (range, size) => {
        const found = resolveRange(range, size);
        if (!found) return;
        expect(found.first).toBeGreaterThanOrEqual(0);
        expect(found.last).toBeGreaterThanOrEqual(found.first);
        expect(found.last).toBeLessThan(size);
      }),
    );
    expect(resolveRange({ first: 10, last: undefined }, 10)).toBeUndefined();
    expect(resolveRange({ lastBytes: 0 }, 10)).toBeUndefined();
  });
});
