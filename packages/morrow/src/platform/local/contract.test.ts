import { request } from 'node:http';
import { join } from 'node:path';
import { bodyOf, endEverything, startEdge } from '../../testing/edge-process.ts';
import { freePort } from '../../testing/free-port.ts';
import { LocalBench } from '../../testing/local-machine.ts';
import { platformContract } from '../../testing/platform-contract.ts';

platformContract('one machine, with a real edge,', async () => {
  const edge = await startEdge();
  const port = await freePort();
  const listen = { address: '127.0.0.1', port, hosts: [], pathPrefix: '/' };
  const bench = new LocalBench(edge.client, { listen });
  const env = { HOME_OF_TEST: join(bench.base, 'ran') };
  let platform = bench.platform();
  let epoch = 1;
  return {
    get platform() {
      return platform;
    },
    get fence() {
      return { epoch };
    },
    service: bench.service,
    revision: (behaviour = 'serves') => bench.revision(behaviour, { env }),
    takeOver: async () => {
      // As a crash: nothing is handed over, and the old one still stands there.
      platform = bench.platform();
      epoch += 1;
      await platform.heartbeat({ epoch });
    },
    crash: async (slot) => {
      await bench.ask(bench.serving(slot)[0], '/crash').catch(() => undefined);
    },
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    request: () => ask(port),
    close: async () => {
      await bench.close();
      await endEverything();
    },
  };
});

function ask(port: number): Promise<{ status: number; revision: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/', agent: false }, (answer) => {
      const { statusCode = 0, headers } = answer;
      bodyOf(answer).then(
        () => resolve({ status: statusCode, revision: String(headers['x-morrow-revision']) }),
        reject,
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}
