import { runService } from '../src/index.js';
import { tinyParticipant } from './tiny-participant.js';
import { TinyModule } from './tiny.module.js';

await runService(TinyModule, tinyParticipant);
