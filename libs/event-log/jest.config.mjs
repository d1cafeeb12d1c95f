import { jestConfig } from '../../jest.base.mjs';

export default jestConfig('event-log', { servers: true });
