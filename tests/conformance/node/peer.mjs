// A stock Yjs client, spoken to over stdin and stdout in JSON lines: every command gets one reply, everything that
// happens in between is an event. Nothing here knows crdtchat: it is y-websocket as anybody would use it.
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const ROOTS = process.argv[2].split(',')
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n')

let doc = null
let provider = null
let closed = null

const commands = {
  /** Make the document and the provider, not connected yet. */
  open ({ url, page, params, client }) {
    doc = new Y.Doc()
    if (client !== undefined) doc.clientID = client
    doc.on('update', () => say({ event: 'update' }))
    provider = new WebsocketProvider(url, page, doc, {
      connect: false, params, WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 100
    })
    provider.on('status', ({ status }) => say({ event: 'status', status }))
    provider.on('sync', (synced) => say({ event: 'sync', synced }))
    provider.on('closed', ({ code, reason }) => { closed = { code, reason }; say({ event: 'closed', code, reason }) })
    provider.awareness.on('change', () => say({ event: 'awareness' }))
    return { client: doc.clientID }
  },
  connect () { provider.connect() },
  disconnect () { provider.disconnect() },
  /** Write entries [root, key, value or null] in one transaction. */
  write ({ entries }) {
    doc.transact(() => {
      for (const [root, key, value] of entries) {
        if (value === null) doc.getMap(root).delete(key)
        else doc.getMap(root).set(key, value)
      }
    })
  },
  awareness ({ state }) { provider.awareness.setLocalState(state) },
  look () {
    return {
      values: Object.fromEntries(ROOTS.map((root) => [root, doc.getMap(root).toJSON()])),
      awareness: [...provider.awareness.getStates()],
      connected: provider.wsconnected,
      synced: provider.synced,
      closed,
      pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null
    }
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { do: name, ...rest } = JSON.parse(line)
  say({ reply: commands[name](rest) ?? null })
}).on('close', () => process.exit(0))
