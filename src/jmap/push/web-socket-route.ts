/** Where JMAP over WebSocket begins (RFC 8887 §4): who asks is judged as for every request, and the subprotocol is `jmap`. */
import type { HttpReply, HttpRequest, Route } from '../../http/exchange.ts';
import { text } from '../../http/exchange.ts';
import { PATHS } from '../core/session-object.ts';
import type { Requests } from '../requests.ts';
import type { JmapServices } from '../services.ts';
import { upgradedHere } from '../signed-in.ts';
import { serveWebSocket } from './web-socket.ts';

const PROTOCOL = 'jmap';

export function webSocketRoutes(services: JmapServices, requests: Requests): readonly Route[] {
  const { maxSizeRequest: maxPayload } = services.limits;
  /** Loaded when somebody comes. */
  const makeServer = async () => {
    const { WebSocketServer } = await import('ws');
    return new WebSocketServer({
      ...{ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload },
      handleProtocols: () => PROTOCOL,
    });
  };
  let made: ReturnType<typeof makeServer> | undefined;
  const upgrade = upgradedHere(services, async (request, raw, who) => {
    if (!offers(request)) return text(400, 'The subprotocol is "jmap".\n');
    made ??= makeServer();
    const server = await made;
    server.handleUpgrade(raw.incoming, raw.socket, raw.head, (socket) => {
      void serveWebSocket({ services, requests, socket, request, who });
    });
    return undefined;
  });
  return [{ method: 'GET', path: PATHS.webSocket, answer: needsUpgrade, upgrade }];
}

function offers({ headers }: HttpRequest): boolean {
  const offered = headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((one) => one.trim() === PROTOCOL);
}

function needsUpgrade(): HttpReply {
  return { ...text(426, 'This is a WebSocket.\n'), headers: { upgrade: 'websocket' } };
}
