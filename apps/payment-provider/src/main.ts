import 'reflect-metadata';
import { ConsoleLogger } from '@nestjs/common';
import { type Environment, readEnvironment } from './environment.js';
import { startPaymentProvider } from './payment-provider.js';

const stopWithinMs = 10_000;

const provider = await startPaymentProvider(environmentOrExit());
new ConsoleLogger('payment-provider', { json: true }).log({ url: provider.url, message: 'listening' });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

function environmentOrExit(): Environment {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

async function stop(): Promise<void> {
  // A caller that was told to wait for minutes does not keep the process alive.
  setTimeout(() => process.exit(0), stopWithinMs).unref();
  await provider.close();
}
