import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;

/**
 * One Jest configuration for every project: sources through swc, ESM, packages of this workspace read from their sources.
 * With `servers: true` the suites have a PostgreSQL and a RabbitMQ: those that the environment names, or private ones.
 */
export const jestConfig = (name, { servers = false, ...more } = {}) => ({
  displayName: name,
  testMatch: ['<rootDir>/{src,test}/**/*.spec.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@quadrille/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  testTimeout: 60_000,
  ...(process.env.QUADRILLE_TEST_TOTALS && {
    reporters: ['default', [path('tools/jest-totals.mjs'), { directory: process.env.QUADRILLE_TEST_TOTALS }]],
  }),
  ...(servers && {
    globalSetup: path('libs/testing/jest-servers/setup.mjs'),
    globalTeardown: path('libs/testing/jest-servers/teardown.mjs'),
  }),
  ...more,
});

function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}
