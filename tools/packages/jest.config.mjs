import { jestConfig } from '../../jest.base.mjs';

export default jestConfig('packages', {
  servers: true,
  testTimeout: 300_000,
  // The stranger's project is a project of its own: nothing in it is read from here.
  modulePathIgnorePatterns: ['<rootDir>/fixture'],
});
