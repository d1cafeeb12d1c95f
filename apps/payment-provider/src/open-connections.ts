import type { Socket } from 'node:net';

/** Connections whose caller waits for an answer that never comes, so that they do not keep the process from ending. */
export class OpenConnections {
  private readonly silent = new Set<Socket>();

  leaveSilent(socket: Socket | null): void {
    if (!socket) return;
    this.silent.add(socket);
    socket.once('close', () => this.silent.delete(socket));
  }

  /** Called by Nest before it stops listening. */
  beforeApplicationShutdown(): void {
    for (const socket of this.silent) socket.destroy();
  }
}
