/**
 * A revision that remembers when its last request arrived. Forked; sends its port, then the time of the last
 * arrival (ms of the monotonic clock, which all processes of a machine share) whenever it is sent a message.
 */
import { type AddressInfo, createServer } from 'node:net';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n';
/** Others are health checks. */
const COUNTED = 'GET /load';

let lastMs = 0;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  // Heads are small and nothing is pipelined: what arrives is one request.
  socket.on('data', (chunk) => {
    if (chunk.toString('latin1', 0, COUNTED.length) === COUNTED) {
      lastMs = Number(process.hrtime.bigint()) / 1e6;
    }
    socket.write(ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('message', () => process.send?.(lastMs));
process.on('disconnect', () => process.exit());
