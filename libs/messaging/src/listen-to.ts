import type { INestApplication } from '@nestjs/common';
import { NestMicroservice } from '@nestjs/microservices';
import { rememberFailure } from './listener-context.js';
import { RabbitListenerStrategy, type RabbitListenerOptions } from './listener-strategy.js';

/**
 * Makes the `@EventPattern` handlers of an application hear the broker's events, with the application's own global guards,
 * pipes, interceptors and filters (register those before). Resolves when the queue is consumed; `app.close()` ends it.
 */
export async function listenTo(app: INestApplication, options: RabbitListenerOptions): Promise<void> {
  // Lifecycle hooks run before the first message.
  await app.init();
  const strategy = new RabbitListenerStrategy(options);
  const microservice = app.connectMicroservice({ strategy }, { inheritAppConfig: true, deferInitialization: true });
  microservice.registerPreRequestHook(rememberFailure);
  // The rest of what connectMicroservice does when it is not deferred: the hook has to be there before the handlers are made.
  if (!(microservice instanceof NestMicroservice)) throw new TypeError('this application is not a Nest application');
  microservice.registerListeners();
  microservice.setIsInitialized(true);
  microservice.setIsInitHookCalled(true);
  await microservice.listen();
}
