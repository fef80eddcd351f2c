import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { TestCoordinator } from '../testing/test-coordinator.ts';
import { startTestCoordinator } from '../testing/test-coordinator.ts';

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

describe('OpenAPI', () => {
  let coordinator: TestCoordinator;
  let document: OpenAPIObject;
  beforeAll(async () => {
    coordinator = await startTestCoordinator();
    document = (await coordinator.anyone.get('//api/openapi.json')).body;
  });
  afterAll(() => coordinator.close());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      methods.flatMap((method) => (item[method] ? [{ name: `${method.toUpperCase()} ${path}`, operation: item[method] }] : [])),
    );

  it('is version 3.1 and has a page', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const page = await coordinator.anyone.get('//api/docs');
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('Holdfast API') });
    // The page works under the policy that it is sent with: no script of its own.
    expect(page.text).not.toMatch(/<script(?![^>]*src=)[^>]*>[^<]/);
  });

  it('describes every operation in a sentence, with what it answers and what may go wrong', () => {
    for (const { name, operation } of operations()) {
      expect({ name, summary: operation.summary }).toEqual({ name, summary: expect.stringMatching(/\w{3}/) });
      expect({ name, problem: operation.responses['default'] }).toEqual({ name, problem: expect.anything() });
      const answers = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
      expect({ name, answers: answers.length }).toEqual({ name, answers: 1 });
    }
  });

  it('has a schema for every body', () => {
    for (const { name, operation } of operations()) {
      const body = operation.requestBody;
      if (!body || !('content' in body)) continue;
      expect({ name, schema: body.content['application/json']?.schema }).toEqual({ name, schema: expect.objectContaining({}) });
    }
    expect(operations().filter(({ operation }) => operation.requestBody).length).toBeGreaterThan(5);
  });

  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
    expect(references.length).toBeGreaterThan(10);
    for (const reference of new Set(references)) {
      const found = reference
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect({ reference, found: found !== undefined }).toEqual({ reference, found: true });
    }
  });
});
