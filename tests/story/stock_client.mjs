// A stock Yjs client: the y-websocket provider, nothing of ours. One JSON line in, one out.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const [folder, server, page, token, roots] = process.argv.slice(2)
const require = createRequire(folder + '/')
const Y = require('yjs')
const { WebsocketProvider } = require('y-websocket')

const doc = new Y.Doc()
const maps = Object.fromEntries(roots.split(',').map((root) => [root, doc.getMap(root)]))
const provider = new WebsocketProvider(server, encodeURIComponent(page), doc, {
  WebSocketPolyfill: require('ws'),
  disableBc: true,
  params: { token },
})

const until = (condition) =>
  new Promise((resolve) => {
    const check = () => {
      if (!condition()) return
      doc.off('afterTransaction', check)
      provider.off('sync', check)
      resolve()
    }
    doc.on('afterTransaction', check)
    provider.on('sync', check)
    check()
  })

const values = () =>
  Object.fromEntries(Object.entries(maps).map(([root, map]) => [root, [...map.entries()]]))

for await (const line of createInterface({ input: process.stdin })) {
  const { does, writes, root, key } = JSON.parse(line)
  if (does === 'sync') await until(() => provider.synced)
  if (does === 'write') doc.transact(() => writes.forEach(([r, k, v]) => maps[r].set(k, v)))
  if (does === 'wait') await until(() => maps[root].has(key))
  const pending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  process.stdout.write(JSON.stringify({ values: values(), pending }) + '\n')
}
process.exit(0)
