// Hocuspocus with its SQLite extension, as its documentation runs it: `node hocuspocus.mjs FILE`.
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'

const server = new Server({
  port: 0,
  address: '127.0.0.1',
  quiet: true,
  extensions: [new SQLite({ database: process.argv[2] })]
})
server.listen(undefined, payload => {
  console.log(`listening on http://127.0.0.1:${payload.port}`)
})
