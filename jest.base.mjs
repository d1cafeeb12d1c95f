import { readFileSync } from 'node:fs';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;

/**
 * One Jest configuration for every project: sources through swc, ESM, packages of this workspace read from their sources.
 * `.int.spec.ts` suites take their servers from the environment, or start private ones (see libs/testing).
 */
export const jestConfig = (name, more = {}) => ({
  displayName: name,
  testMatch: ['<rootDir>/{src,test}/**/*.spec.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@quadrille/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  testTimeout: 60_000,
  ...more,
});
