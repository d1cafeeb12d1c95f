import { jestConfig } from '../../jest.base.mjs';

export default jestConfig('cluster', { servers: true });
