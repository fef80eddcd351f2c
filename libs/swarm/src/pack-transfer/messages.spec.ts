import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { toHex } from '#libs/kernel';
import { SwarmError } from '../errors.ts';
import { aPack } from '../testing/builders.ts';
import {
  decodeEnd,
  decodeError,
  decodeFrameHeader,
  decodeRequest,
  encodeEnd,
  encodeError,
  encodeFrameHeader,
  encodeRequest,
  requestLength,
  requestLengthBytes,
} from './messages.ts';

const packs = [aPack(1), aPack(5, 2), aPack(3_000_000, 3)].map((pack) => pack.packId);
const packId = fc.constantFrom(...packs);

describe('messages of /holdfast/pack/1', () => {
  it('requests survive the way', () => {
    fc.assert(
      fc.property(packId, fc.nat(127), fc.integer({ min: 1, max: 128 }), fc.boolean(), (id, first, count, root) => {
        fc.pre(first + count <= 128);
        const request = root ? ({ kind: 'root', packId: id } as const) : ({ kind: 'leaves', packId: id, first, count } as const);
        const bytes = encodeRequest(request);
        expect(requestLength(bytes.subarray(0, requestLengthBytes))).toBe(bytes.length - requestLengthBytes);
        expect(decodeRequest(bytes.subarray(requestLengthBytes))).toEqual(request);
        // A later minor version may append fields.
        expect(decodeRequest(Uint8Array.of(...bytes.subarray(requestLengthBytes), 1, 2, 3))).toEqual(request);
      }),
    );
  });

  it('frames, ends and errors survive the way', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_536 }), fc.nat(128), (length, blocks) => {
        expect(decodeFrameHeader(encodeFrameHeader('root', length))).toEqual({ kind: 'root', length });
        expect(decodeFrameHeader(encodeFrameHeader('leaf', length))).toEqual({ kind: 'leaf', length });
        expect(decodeEnd(encodeEnd(blocks))).toBe(blocks);
      }),
    );
    for (const code of [
      'pack_not_found',
      'peer_refused',
      'peer_busy',
      'pack_corrupt',
      'protocol_violation',
      'source_unavailable',
    ] as const) {
      expect(decodeError(encodeError(new SwarmError(code, 'why')), 'ada')).toMatchObject({ code, message: 'ada: why' });
    }
  });

  it('never tells a stranger’s error apart from a path on our disk', () => {
    const bytes = encodeError(new Error('/home/ada/.local/share: EACCES'));
    expect(new TextDecoder().decode(bytes)).not.toContain('/home');
    expect(decodeError(bytes, 'ada')).toMatchObject({ code: 'source_unavailable', status: 'temporary' });
    expect(encodeError(new SwarmError('peer_refused', 'x'.repeat(10_000))).length).toBeLessThanOrEqual(201);
  });

  it('any bytes are read as a message or refused with protocol_violation, nothing else', () => {
    const refusedOrRead = (work: () => unknown): void => {
      try {
        work();
      } catch (error) {
        expect(error).toMatchObject({ code: 'protocol_violation' });
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), (bytes) => {
        refusedOrRead(() => requestLength(bytes));
        refusedOrRead(() => decodeRequest(bytes));
        refusedOrRead(() => decodeFrameHeader(Uint8Array.of(...bytes, 0, 0, 0)));
        expect(decodeError(bytes, 'x')).toBeInstanceOf(SwarmError);
      }),
    );
    // Valid ones with one byte changed reach deeper.
    fc.assert(
      fc.property(packId, fc.nat(40), fc.nat(255), (id, at, value) => {
        refusedOrRead(() => decodeRequest(encodeRequest({ kind: 'leaves', packId: id, first: 1, count: 2 }).subarray(2).with(at, value)));
      }),
    );
  });

  it('keeps its bytes for ever (docs/spec/pack-transfer.md)', () => {
    const id = 'bafyb4ib2uglubwfjhchpftq7wfwzmc7slbn3gep62v6hotqjfz2kqtsfjm' as never;
    expect(toHex(encodeRequest({ kind: 'root', packId: id })).slice(0, 14)).toBe('29000101701e20');
    expect(toHex(encodeRequest({ kind: 'leaves', packId: id, first: 3, count: 125 })).slice(-8)).toBe('03007d00');
    expect(toHex(encodeRequest({ kind: 'leaves', packId: id, first: 3, count: 125 }))).toHaveLength(86);
    expect(toHex(encodeFrameHeader('leaf', 1_048_576))).toBe('0200001000');
    expect(toHex(encodeEnd(2))).toBe('0200');
    expect(toHex(encodeError(new SwarmError('pack_not_found', 'no')))).toBe('016e6f');
  });
});
