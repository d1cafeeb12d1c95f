import { Controller, Get } from '@nestjs/common';

/** The provider needs nobody, so it is ready as soon as it listens: its journal was read before that. */
@Controller('health')
export class HealthController {
  @Get('live')
  live() {
    return { status: 'ok' };
  }

  @Get('ready')
  ready() {
    return { status: 'ok' };
  }
}
