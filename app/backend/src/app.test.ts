import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from './app.ts';
import { Events } from './events.ts';

let server: Server;
let base: string;
let stopping = false;

beforeAll(async () => {
  const events = new Events();
  server = createServer(
    (request, response) => void answer(request, response, { events, stopping: () => stopping }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => server.close());

const post = (path: string, body: string): Promise<Response> => fetch(base + path, { method: 'POST', body });

describe('the backend', () => {
  it('plans an event, shows it, and lets people join once each', async () => {
    const planned = { title: ' Picnic ', place: 'River', startsAt: '2031-05-01T10:00:00+09:00' };
    const created = await post('/events', JSON.stringify(planned));
    expect(created.status).toBe(201);
    const { id } = (await created.json()) as { id: string };
    await post(`/events/${id}/join`, '{"person":"Aoi"}');
    const joined = await post(`/events/${id}/join`, '{"person":"Aoi"}');
    expect(await joined.json()).toEqual({
      id,
      title: 'Picnic',
      place: 'River',
      startsAt: '2031-05-01T01:00:00.000Z',
      people: ['Aoi'],
    });
    const { events } = (await (await fetch(`${base}/events`)).json()) as { events: { id: string }[] };
    expect(events.map((event) => event.id)).toContain(id);
  });

  it('names every mistake of a bad event', async () => {
    const response = await post('/events', '{"title":"","startsAt":"soon"}');
    expect(response.status).toBe(422);
    expect(((await response.json()) as { mistakes: string[] }).mistakes).toHaveLength(3);
  });

  it.each([
    ['/events', '{', 400],
    ['/events', 'null', 422],
    ['/events', `"${'x'.repeat(70_000)}"`, 413],
    ['/events/none/join', '{"person":"Aoi"}', 404],
    ['/nothing', '{}', 404],
  ])('refuses POST %s with a clear status', async (path, body, status) => {
    expect((await post(path, body)).status).toBe(status);
  });

  it('is not ready while it stops, but lives', async () => {
    stopping = true;
    expect((await fetch(`${base}/health`)).status).toBe(503);
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
    stopping = false;
    expect((await fetch(`${base}/health`)).status).toBe(200);
  });
});
