/** Plan tomorrow with others: the service that Morrow ships. Listens on HOST:PORT; ends cleanly on SIGTERM. */
import { createServer } from 'node:http';
import { answer } from './app.ts';
import { Events } from './events.ts';

const events = new Events();
for (const [title, place, startsAt] of [
  ['Morning run', 'Yoyogi Park', '2030-04-01T21:30:00Z'],
  ['Lunch with the new ones', 'Canteen', '2030-04-02T03:00:00Z'],
  ['Board games', 'Room 4', '2030-04-02T09:00:00Z'],
]) {
  events.create(crypto.randomUUID(), { title, place, startsAt });
}

let stopping = false;
const server = createServer(
  (request, response) => void answer(request, response, { events, stopping: () => stopping }),
);

// A proxy keeps connections longer than Node's five seconds; whoever closes first must not be us in mid-request.
server.keepAliveTimeout = 75_000;
server.on('error', (error) => {
  console.error(`cannot listen: ${error.message}`);
  process.exit(1);
});
const port = Number(process.env['PORT'] ?? 8080);
const host = process.env['HOST'] ?? '127.0.0.1';
server.listen(port, host, () => console.log(`listening on ${host}:${port}`));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    stopping = true;
    console.log(`${signal}: finishing what is under way`);
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
