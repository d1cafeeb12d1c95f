import type { z } from 'zod';
import { Failure } from '../command-line/ends.js';

const answerMs = 20_000;

/** What a server answered instead of what was asked for, with its `code`. */
export class Refused extends Failure {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    message: string,
  ) {
    super(message);
  }
}

/** Asks one server as its administrator. Whatever goes wrong is one sentence that names the server. */
export class AdminApi {
  constructor(
    private readonly name: string,
    private readonly url: string,
    private readonly token: string,
  ) {}

  async ask<Answer>(method: string, path: string, answer: z.ZodType<Answer>, body?: unknown): Promise<Answer> {
    const { ok, status, text } = await this.send(method, path, body);
    const json = jsonOf(text);
    if (!ok) throw this.refusal(status, json ?? text);
    const parsed = answer.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new Failure(`${this.name} at ${this.url} answered ${method} ${path} with something else than expected.`);
  }

  private async send(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ ok: boolean; status: number; text: string }> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        signal: AbortSignal.timeout(answerMs),
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      // An answer may also break off after its head.
      return { ok: response.ok, status: response.status, text: await response.text() };
    } catch (error) {
      const { message, cause } = error as Error;
      const reason = (cause as { code?: unknown } | undefined)?.code ?? message;
      throw new Failure(`${this.name} does not answer at ${this.url} (${String(reason)}).`);
    }
  }

  private refusal(status: number, body: unknown): Refused {
    if (status === 401 || status === 403)
      return new Refused(status, undefined, `${this.name} does not take the administrator's token: set ADMIN_TOKEN.`);
    const { code, detail } = (typeof body === 'object' ? body : {}) as { code?: string; detail?: string };
    return new Refused(status, code, `${this.name} answers ${status}: ${detail ?? String(body).slice(0, 200)}`);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked says what is wrong with an answer that is no JSON.
    return undefined;
  }
}
