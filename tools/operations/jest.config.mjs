import { jestConfig } from '../../jest.base.mjs';

export default jestConfig('operations', { servers: true, testTimeout: 180_000 });
