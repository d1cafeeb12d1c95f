import { createHash, timingSafeEqual } from 'node:crypto';

/** Who may call what: the API with the secret key, the administration with the admin token. */
export class AccessTokens {
  constructor(
    readonly secretKey: string,
    readonly adminToken: string,
  ) {}
}

/** Whether an Authorization header carries the token; takes as long for every wrong one. */
export function bears(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
