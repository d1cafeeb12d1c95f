import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

export interface LastWait {
  /** How long the rest of a request may take to arrive. */
  readonly arrivalMs: number;
  /** How long what has arrived may take to be answered. */
  readonly answerMs: number;
}

/**
 * The connections of a server, so that its close waits for answers and not for clients. By itself Node waits for everybody who has not been
 * answered yet, also for who never asked and for who never ends to ask, and enforces its own timeouts no longer.
 */
export class Connections {
  /** Each with its requests that are not answered yet. */
  private readonly open = new Map<Socket, Set<IncomingMessage>>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.open.set(socket, new Set());
      socket.once('close', () => this.open.delete(socket));
    });
    server.on('request', (request, response) => {
      const requests = this.open.get(request.socket);
      requests?.add(request);
      response.once('close', () => requests?.delete(request));
    });
  }

  /**
   * Call it when the server is about to close. Whoever asks for nothing is sent away at once, whoever does not end to ask a moment later,
   * and `cutOff` is told of how many requests the last are sent away without an answer.
   */
  end({ arrivalMs, answerMs }: LastWait, cutOff: (requests: number) => void): void {
    this.keepOnly(() => true);
    setTimeout(() => this.keepOnly(({ complete }) => complete), arrivalMs).unref();
    setTimeout(() => {
      const left = [...this.open.values()].reduce((sum, { size }) => sum + size, 0);
      if (left > 0) cutOff(left);
      this.keepOnly(() => false);
    }, answerMs).unref();
  }

  private keepOnly(isWorthIt: (request: IncomingMessage) => boolean): void {
    for (const [socket, requests] of this.open) if (![...requests].some(isWorthIt)) socket.destroy();
  }
}
