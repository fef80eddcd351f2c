/** The modules of the features: append one line each. */
import { DeviceTokensModule } from './device-tokens/device-tokens.module.ts';
import { DevicesModule } from './devices/devices.module.ts';
import { PresenceModule } from './presence/presence.module.ts';
import { SessionsModule } from './sessions/sessions.module.ts';

export const features = [DevicesModule, DeviceTokensModule, SessionsModule, PresenceModule];
