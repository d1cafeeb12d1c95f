import { jestConfig } from '../../jest.base.mjs';

export default jestConfig('messaging', { servers: true });
