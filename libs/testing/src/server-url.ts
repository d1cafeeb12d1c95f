/** Where the test servers are: set by `npm test`, or by the Jest global setup of this library when a suite runs alone. */
export function serverUrl(
  name: 'QUADRILLE_TEST_POSTGRES_URL' | 'QUADRILLE_TEST_AMQP_URL' | 'QUADRILLE_TEST_BROKER_ADMIN_URL',
): string {
  const url = process.env[name];
  if (!url) throw new Error(`${name} is not set: does this project's jest.config.mjs ask for servers?`);
  return url;
}
