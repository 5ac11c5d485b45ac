import { platformContract } from './platform-contract.ts';
import { ScriptedPlatform } from './scripted-platform.ts';
import { serviceSettings } from './service-settings.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { withExit } from './world.ts';

platformContract(
  'the scripted platform',
  async () => {
    const clock = new SimulatedClock();
    const platform = new ScriptedPlatform(clock);
    const service = serviceSettings();
    let epoch = 1;
    let made = 0;
    return {
      platform,
      get fence() {
        return { epoch };
      },
      service,
      revision: async () => {
        made += 1;
        const id = `revision${made}`;
        return {
          id,
          service: service.name,
          artifact: `sha256:${made}`,
          settings: service,
          createdAtMs: clock.now(),
        };
      },
      takeOver: async () => {
        epoch += 1;
        await platform.heartbeat({ epoch });
      },
      crash: async (slot) => platform.change(service.name, (world) => withExit(world, slot, 'exit code 1')),
      pause: (ms) => clock.advance(ms),
      request: null,
      close: async () => undefined,
    };
  },
  { scripted: true },
);
