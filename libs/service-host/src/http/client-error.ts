import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ProblemException, problemMediaType } from './problem.js';

/** Answers what never became a request, since it was none or did not come in time: a problem as everything else that is refused. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.writable && error.code !== 'ECONNRESET') socket.write(answerOf(problemOf(error.code)));
  socket.destroy();
}

function problemOf(code: string | undefined): ProblemException {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProblemException(408, 'request_timeout', 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new ProblemException(431, 'headers_too_large', 'The headers of the request are too large.');
    default:
      return new ProblemException(400, 'bad_request', 'This is no HTTP request.');
  }
}

function answerOf({ problem }: ProblemException): string {
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
