import type { IncomingHttpHeaders } from 'node:http';

/** What handlers may know of a request; the platform's own request fits. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body's bytes as they came, for signatures; undefined for a request without a body. */
  readonly rawBody?: Buffer;
}
