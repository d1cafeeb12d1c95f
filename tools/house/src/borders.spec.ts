import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = fileURLToPath(new URL('../../../', import.meta.url));
// Borders are seen in the text alone: without types, each planted line is judged in milliseconds.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [
    { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
    { files: ['**/*.ts'], rules: tseslint.configs.disableTypeChecked.rules ?? {} },
  ],
});

/** Lints `code` as if it stood in an existing file, so that no other check ever meets the planted violation. */
async function refusals(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: `${root}${file}` });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

const boundaries = '@nx/enforce-module-boundaries';
const pure = 'no-restricted-imports';

/** A violation for each border of eslint.config.mjs: [what, the file it is planted in, the code, the rule that must refuse it]. */
const planted: [string, string, string, string][] = [
  ['contracts import a library', 'libs/contracts/src/slot.ts', `import '@quadrille/observability';`, pure],
  ['contracts import Node', 'libs/contracts/src/slot.ts', `import 'node:fs';`, pure],
  ['observability imports messaging', 'libs/observability/src/index.ts', `import '@quadrille/messaging';`, boundaries],
  ['messaging imports the event log', 'libs/messaging/src/index.ts', `import '@quadrille/event-log';`, boundaries],
  ['the event log imports messaging', 'libs/event-log/src/index.ts', `import '@quadrille/messaging';`, boundaries],
  ['a library imports an app', 'libs/service-host/src/index.ts', `import '@quadrille/order/domain';`, boundaries],
  [
    'local servers import the event log',
    'libs/local-servers/src/index.ts',
    `import '@quadrille/event-log';`,
    boundaries,
  ],
  ['what ships imports the testing library', 'libs/event-log/src/index.ts', `import '@quadrille/testing';`, pure],
  ['order imports inventory', 'apps/order/src/participant.ts', `import '@quadrille/inventory/domain';`, boundaries],
  ['inventory imports payment', 'apps/inventory/src/participant.ts', `import '@quadrille/payment/domain';`, boundaries],
  ['payment imports order', 'apps/payment/src/participant.ts', `import '@quadrille/order/domain';`, boundaries],
  ['an app goes around the event log', 'apps/order/src/participant.ts', `import '@quadrille/messaging';`, boundaries],
  [
    'the provider imports a participant',
    'apps/payment-provider/src/main.ts',
    `import '@quadrille/payment/domain';`,
    boundaries,
  ],
  ['the simulation imports a database', 'apps/simulation/src/main.ts', `import '@quadrille/event-log';`, boundaries],
  [
    'a project is reached by a relative path',
    'apps/order/src/participant.ts',
    `import '../../../libs/contracts/src/slot.js';`,
    boundaries,
  ],
  ['a decider imports Nest', 'apps/order/src/domain/index.ts', `import '@nestjs/common';`, pure],
  ['a decider imports TypeORM', 'apps/inventory/src/domain/index.ts', `import 'typeorm';`, pure],
  ['a decider imports Node', 'apps/payment/src/domain/index.ts', `import 'node:crypto';`, pure],
  ['a decider imports another library', 'apps/payment/src/domain/index.ts', `import '@quadrille/observability';`, pure],
  [
    'a choreography table imports the event log',
    'apps/order/src/choreography.ts',
    `import '@quadrille/event-log';`,
    pure,
  ],
  [
    'a decider reads the clock',
    'apps/order/src/domain/index.ts',
    `export const now = Date.now();`,
    'no-restricted-properties',
  ],
  [
    'a decider makes a date of now',
    'apps/order/src/domain/index.ts',
    `export const now = new Date();`,
    'no-restricted-syntax',
  ],
  [
    'a decider rolls dice',
    'apps/order/src/domain/index.ts',
    `export const x = Math.random();`,
    'no-restricted-properties',
  ],
  [
    'a decider reads the environment',
    'apps/order/src/domain/index.ts',
    `export const x = process.env['X'];`,
    'no-restricted-globals',
  ],
  [
    'a decider calls out',
    'apps/order/src/domain/index.ts',
    `export const x = () => fetch('http://x');`,
    'no-restricted-globals',
  ],
];

describe('a border of the house', () => {
  it.each(planted)('is kept when %s', async (_what, file, code, rule) => {
    expect(await refusals(file, code)).toContainEqual(expect.stringContaining(rule));
  });

  it('lets through what is allowed', async () => {
    const code = `import { slotCount } from '@quadrille/contracts';\n\nexport const twice = slotCount * 2;\n`;

    expect(await refusals('apps/order/src/domain/index.ts', code)).toEqual([]);
  });
});
