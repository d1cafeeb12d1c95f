import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { ServiceLife, type Readiness } from './service-life.js';

@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(private readonly life: ServiceLife) {}

  /** The process answers; whatever it needs may be away. A failing answer here is a reason to restart it. */
  @Get('live')
  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when the service can do its work now, else 503 and what is missing. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: { status(code: number): unknown }): Promise<Readiness> {
    const readiness = await this.life.readiness();
    reply.status(readiness.status === 'ready' ? 200 : 503);
    return readiness;
  }
}
