// Golden vectors made by the real yjs, y-protocols and lib0, for every implementation of docs/PROTOCOL.md.
// `node generate.mjs` writes ../../vectors/*.json; `node generate.mjs --check` fails if they would change.
import { readFileSync, writeFileSync } from 'node:fs'
import * as encoding from 'lib0/encoding'
import * as awarenessProtocol from 'y-protocols/awareness'
import * as syncProtocol from 'y-protocols/sync'
import * as Y from 'yjs'

// As the widget has them; tests hold them against Python's.
const schema = readFileSync(new URL('../../../crdtchat/widget/src/model/schema.ts', import.meta.url), 'utf8')
const ROOTS = JSON.parse(/ROOTS = (\[.*?\])/.exec(schema)[1])
const T = 1700000000000
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const encode = (write) => hex(encoding.encode(write))

function doc (clientID) {
  const made = new Y.Doc()
  made.clientID = clientID
  return made
}

/** The update of one transaction. */
function transact (made, change) {
  let update = null
  const keep = (bytes) => { update = bytes }
  made.on('update', keep)
  made.transact(() => change((root) => made.getMap(root)))
  made.off('update', keep)
  return update
}

const values = (made) => Object.fromEntries(ROOTS.map((root) => [root, made.getMap(root).toJSON()]))

function struct (item) {
  const { id, length, origin, rightOrigin, parent, parentSub, content } = item
  return {
    clock: id.clock,
    length,
    origin: origin && [origin.client, origin.clock],
    right: rightOrigin && [rightOrigin.client, rightOrigin.clock],
    root: typeof parent === 'string' ? parent : '',
    key: parentSub ?? '',
    values: content instanceof Y.ContentAny ? content.arr : null
  }
}

/** An update as Yjs decodes it. */
function decoded (update) {
  const { structs, ds } = Y.decodeUpdate(update)
  const sections = new Map()
  for (const item of structs) {
    if (!sections.has(item.id.client)) sections.set(item.id.client, [])
    sections.get(item.id.client).push(struct(item))
  }
  return {
    sections: [...sections].map(([client, items]) => ({ client, items })),
    deletes: [...ds.clients].map(([client, ranges]) => [client, ranges.map(({ clock, len }) => [clock, clock + len])])
  }
}

function numbers () {
  const uints = [0, 1, 127, 128, 255, 16383, 16384, 2 ** 31 - 1, 2 ** 32, 2 ** 53 - 1]
  const ints = [0, 1, -1, 63, 64, -64, 8191, 8192, T, -T, 2 ** 31 - 1]
  const strings = ['', 'a', 'zażółć gęślą jaźń', '🙂👩‍👩‍👧', '\u0000', 'x'.repeat(200)]
  return {
    uints: uints.map((value) => ({ value, hex: encode((e) => encoding.writeVarUint(e, value)) })),
    ints: ints.map((value) => ({ value, hex: encode((e) => encoding.writeVarInt(e, value)) })),
    strings: strings.map((value) => ({ value, hex: encode((e) => encoding.writeVarString(e, value)) })),
    // lib0 writes integers beyond 31 bits as floats, and reads them as varints too (see ints, and updates.json).
    values: ['text', ['ann', 7, 'words', '', '', 0, 5], [], [-1, 0, 1, 2 ** 31 - 1]]
      .map((value) => ({ value, hex: encode((e) => encoding.writeAny(e, value)) }))
  }
}

function updates () {
  const made = doc(100)
  const cases = []
  const add = (name, change, from = made) => {
    const update = transact(from, change)
    if (from !== made) Y.applyUpdate(made, update)
    cases.push({ name, update: hex(update), decoded: decoded(update), after: values(made) })
  }
  add('annotate', (root) => {
    root('a').set('anno', ['ann', T, 'words', 'before ', ' after', 7, 12])
    root('c').set('anno/cmnt', ['ann', T, 'first'])
  })
  add('notebook target', (root) => root('a').set('cell', ['ann', T, '', '', '', 0, 0, 'cell', 'cell=4f2a']))
  add('many scripts', (root) => root('c').set('anno/many', ['ann', T + 1, 'zażółć 🙂 中文 \u0000 ع']))
  add('edit', (root) => root('c').set('anno/cmnt', ['ann', T, 'first, better', T + 2]))
  add('reply', (root) => root('c').set('anno/rply', ['ann', T + 3, 'second', 0, 'cmnt']))
  add('resolve', (root) => root('s').set('anno', [1, 'ann', T + 4]))
  add('reopen', (root) => root('s').set('anno', [0, 'ann', T + 5]))
  add('react', (root) => root('r').set('anno/cmnt/ann', '👍'))
  add('react again', (root) => root('r').set('anno/cmnt/ann', '👍 🎉'))
  add('take a reaction back', (root) => root('r').delete('anno/cmnt/ann'))
  add('delete a comment', (root) => root('d').set('anno/rply', ['ann', T + 6]))
  add('purge what lies behind it', (root) => root('c').delete('anno/rply'))
  add('one key twice in a transaction', (root) => {
    root('s').set('cell', [1, 'ann', T])
    root('s').set('cell', [0, 'ann', T + 1])
  })
  add('set and delete in a transaction', (root) => {
    root('r').set('anno/cmnt/ann', 'x')
    root('r').delete('anno/cmnt/ann')
  })
  const other = doc(2 ** 32 + 7)
  Y.applyUpdate(other, Y.encodeStateAsUpdate(made))
  add('another client', (root) => root('c').set('anno/othr', ['bob', T + 7, 'third']), other)
  add('over another client', (root) => root('s').set('anno', [1, 'bob', T + 8]), other)
  const behind = doc(5)
  Y.applyUpdate(behind, Y.encodeStateAsUpdate(made))
  const left = transact(behind, (root) => root('s').set('anno', [0, 'cy', T + 9]))
  const right = transact(other, (root) => root('s').set('anno', [1, 'bob', T + 10]))
  for (const [name, update] of [['concurrent, one', left], ['concurrent, other', right]]) {
    Y.applyUpdate(made, update)
    cases.push({ name, update: hex(update), decoded: decoded(update), after: values(made) })
  }
  const whole = Y.encodeStateAsUpdate(made)
  return { cases, whole: { update: hex(whole), decoded: decoded(whole), values: values(made) } }
}

function stateVectors () {
  const made = doc(100)
  const cases = [{ name: 'empty', hex: hex(Y.encodeStateVector(made)), vector: [] }]
  for (const [index, client] of [3, 2 ** 40, 101, 5].entries()) {
    const other = doc(client)
    Y.applyUpdate(other, Y.encodeStateAsUpdate(made))
    for (let step = 0; step <= index; step++) other.getMap('s').set(`key${step}`, [0, 'ann', T])
    Y.applyUpdate(made, Y.encodeStateAsUpdate(other))
    const bytes = Y.encodeStateVector(made)
    const vector = [...Y.decodeStateVector(bytes)]
    cases.push({ name: `${index + 1} clients`, hex: hex(bytes), vector })
  }
  return cases
}

function messages () {
  const made = doc(100)
  const update = transact(made, (root) => root('s').set('anno', [1, 'ann', T]))
  const sync = (write) => encode((e) => { encoding.writeVarUint(e, 0); write(e) })
  const awareness = new awarenessProtocol.Awareness(made)
  const states = []
  const note = (name) => {
    const bytes = awarenessProtocol.encodeAwarenessUpdate(awareness, [100])
    const clock = awareness.meta.get(100).clock
    states.push({
      name,
      update: hex(bytes),
      frame: encode((e) => { encoding.writeVarUint(e, 1); encoding.writeVarUint8Array(e, bytes) }),
      states: [[100, clock, awareness.getLocalState()]]
    })
  }
  note('begin')
  awareness.setLocalState({ cursor: { anchor: 3, head: 7 }, label: 'zażółć 🙂', list: [1, 2.5, null, true] })
  note('state')
  awareness.setLocalStateField('user', { name: 'Ann' })
  note('field')
  awareness.setLocalState(null)
  note('gone')
  const several = new awarenessProtocol.Awareness(doc(7))
  several.setLocalState({ me: 7 })
  awareness.setLocalState({ me: 100 })
  awarenessProtocol.applyAwarenessUpdate(several, awarenessProtocol.encodeAwarenessUpdate(awareness, [100]), null)
  const both = awarenessProtocol.encodeAwarenessUpdate(several, [7, 100])
  states.push({
    name: 'two clients',
    update: hex(both),
    frame: encode((e) => { encoding.writeVarUint(e, 1); encoding.writeVarUint8Array(e, both) }),
    states: [7, 100].map((client) => [client, several.meta.get(client).clock, several.getStates().get(client)])
  })
  awareness.destroy()
  several.destroy()
  return {
    step1: { payload: hex(Y.encodeStateVector(made)), frame: sync((e) => syncProtocol.writeSyncStep1(e, made)) },
    step2: { payload: hex(Y.encodeStateAsUpdate(made)), frame: sync((e) => syncProtocol.writeSyncStep2(e, made)) },
    update: { payload: hex(update), frame: sync((e) => syncProtocol.writeUpdate(e, update)) },
    query: { frame: encode((e) => encoding.writeVarUint(e, 3)) },
    awareness: states
  }
}

/** Section 4, written with lib0 straight from its grammar. */
function subprotocol () {
  const id = Uint8Array.from({ length: 16 }, (_, i) => i * 16 + 1)
  const idB = Uint8Array.from({ length: 16 }, (_, i) => 255 - i)
  const update = transact(doc(5), (root) => root('s').set('anno', [1, 'ann', T]))
  const vector = Y.encodeStateVectorFromUpdate(update)
  const welcome = {
    protocol: 1, schema: 1, server: '0.1.0',
    principal: { id: 'ann', name: 'Zażółć 🙂', role: 'commenter', guest: false },
    token: null, epoch: 1, sequence: 17, client: 5, clock: 42, lease: 'Jx3f', readonly: false,
    limits: { update_bytes: 65536, comment_cp: 10000, in_flight: 256 }, heartbeat: 20
  }
  const events = [
    { kind: 0, broadcast_id: hex(id), aid: 'anno', cid: '', by: 'ann', at: T },
    { kind: 1, broadcast_id: hex(idB), aid: 'anno', cid: 'cmnt', by: 'użytkownik', at: T + 1 },
    { kind: 2, broadcast_id: hex(id), aid: 'anno', cid: '', by: 'ann', at: T + 2 }
  ]
  const writeEvents = (e) => {
    encoding.writeVarUint(e, events.length)
    for (const event of events) {
      encoding.writeVarUint(e, event.kind)
      encoding.writeUint8Array(e, Buffer.from(event.broadcast_id, 'hex'))
      encoding.writeVarString(e, event.aid)
      encoding.writeVarString(e, event.cid)
      encoding.writeVarString(e, event.by)
      encoding.writeVarUint(e, event.at)
    }
  }
  const presenceUp = { typing: 'anno', selection: [3, 9] }
  const presenceDown = {
    people: 3, connections: 4, me: 7, here: [[7, 'ann', 'Ann', { typing: 'anno' }]], gone: [5], full: true
  }
  const frame = (type, write) => encode((e) => { encoding.writeVarUint(e, type); write(e) })
  return [
    {
      name: 'welcome', to: 'client', fields: { info: welcome },
      frame: frame(64, (e) => encoding.writeVarString(e, JSON.stringify(welcome)))
    },
    {
      name: 'operation', to: 'server', fields: { broadcast_id: hex(id), update: hex(update) },
      frame: frame(65, (e) => {
        encoding.writeUint8Array(e, id)
        encoding.writeVarUint8Array(e, update)
      })
    },
    {
      name: 'batch', to: 'client', fields: { first: 17, last: 300, update: hex(update), events },
      frame: frame(66, (e) => {
        encoding.writeVarUint(e, 17)
        encoding.writeVarUint(e, 300)
        encoding.writeVarUint8Array(e, update)
        writeEvents(e)
      })
    },
    {
      name: 'batch without events', to: 'client', fields: { first: 0, last: 300, update: '0000', events: [] },
      frame: frame(66, (e) => {
        encoding.writeVarUint(e, 0)
        encoding.writeVarUint(e, 300)
        encoding.writeVarUint8Array(e, Uint8Array.from([0, 0]))
        encoding.writeVarUint(e, 0)
      })
    },
    {
      name: 'ack', to: 'client', fields: { sequence: 300, clock: 43, broadcast_ids: [hex(id), hex(idB)] },
      frame: frame(67, (e) => {
        encoding.writeVarUint(e, 300)
        encoding.writeVarUint(e, 43)
        encoding.writeVarUint(e, 2)
        encoding.writeUint8Array(e, id)
        encoding.writeUint8Array(e, idB)
      })
    },
    ...[['soft', 0, 'deleted'], ['hard', 1, 'forged-author']].map(([name, hard, code]) => ({
      name: `reject, ${name}`, to: 'client',
      fields: { broadcast_id: hex(id), hard: hard === 1, clock: 42, code, reason: 'powód: 🙂' },
      frame: frame(68, (e) => {
        encoding.writeUint8Array(e, id)
        encoding.writeVarUint(e, hard)
        encoding.writeVarUint(e, 42)
        encoding.writeVarString(e, code)
        encoding.writeVarString(e, 'powód: 🙂')
      })
    })),
    {
      name: 'presence up', to: 'server', fields: { info: presenceUp },
      frame: frame(69, (e) => encoding.writeVarString(e, JSON.stringify(presenceUp)))
    },
    {
      name: 'presence down', to: 'client', fields: { info: presenceDown },
      frame: frame(69, (e) => encoding.writeVarString(e, JSON.stringify(presenceDown)))
    },
    {
      name: 'resync', to: 'server', fields: { epoch: 1, after: 300, state_vector: hex(vector) },
      frame: frame(70, (e) => {
        encoding.writeVarUint(e, 1)
        encoding.writeVarUint(e, 300)
        encoding.writeVarUint8Array(e, vector)
      })
    },
    { name: 'resync request', to: 'client', fields: { epoch: 2 }, frame: frame(70, (e) => encoding.writeVarUint(e, 2)) }
  ]
}

/** What Yjs writes and this schema does not have. */
function foreign () {
  const cases = [
    ['text', (made) => made.getText('a').insert(0, 'x'), 'foreign-type'],
    ['array', (made) => made.getArray('a').push(['x']), 'foreign-type'],
    ['nested map', (made) => made.getMap('a').set('anno', new Y.Map()), 'foreign-type'],
    ['nested text', (made) => made.getMap('a').set('anno', new Y.Text('x')), 'foreign-type'],
    ['formatted text', (made) => made.getText('a').insert(0, 'x', { bold: true }), 'foreign-type'],
    ['xml', (made) => made.getXmlFragment('a').insert(0, [new Y.XmlElement('p')]), 'foreign-type'],
    ['subdocument', (made) => made.getMap('a').set('anno', new Y.Doc({ guid: 'g' })), 'foreign-type'],
    ['bytes', (made) => made.getMap('a').set('anno', Uint8Array.from([1])), 'foreign-type'],
    ['object', (made) => made.getMap('a').set('anno', { x: 1 }), 'bad-value'],
    ['number', (made) => made.getMap('a').set('anno', 1), 'bad-value'],
    ['null', (made) => made.getMap('a').set('anno', null), 'bad-value'],
    ['nested array', (made) => made.getMap('a').set('anno', [['x']]), 'bad-value'],
    ['fraction', (made) => made.getMap('a').set('anno', ['ann', 1.5]), 'bad-value'],
    ['boolean element', (made) => made.getMap('a').set('anno', ['ann', true]), 'bad-value'],
    ['null element', (made) => made.getMap('a').set('anno', ['ann', null]), 'bad-value'],
    ['big integer', (made) => made.getMap('a').set('anno', ['ann', 1n]), 'bad-value']
  ]
  return cases.map(([name, change, code]) => {
    const made = doc(100)
    return { name, update: hex(transact(made, () => change(made))), code }
  })
}

const files = {
  'lib0.json': numbers(),
  'updates.json': updates(),
  'state-vectors.json': stateVectors(),
  'messages.json': messages(),
  'subprotocol.json': subprotocol(),
  'foreign.json': foreign()
}
for (const [name, content] of Object.entries(files)) {
  const url = new URL(`../../vectors/${name}`, import.meta.url)
  const text = JSON.stringify(content, null, 1) + '\n'
  if (!process.argv.includes('--check')) writeFileSync(url, text)
  else if (readFileSync(url, 'utf8') !== text) {
    console.error(`${name} would change: run \`node generate.mjs\` and look at the difference`)
    process.exitCode = 1
  }
}
