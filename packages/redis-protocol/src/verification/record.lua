-- The stored form of one verification, and what it means now. The twin of core's verification-record.ts; what writes
-- records is in record-writing.lua, and what new ones need in record-terms.lua.
--
-- record  RECORD_FORMAT, state (its place in STATES), onLeaseExpiry (0 retry, 1 unknown), then big-endian: fence 8,
--         attempt 4, leaseUntil 8, unknownAt 8 (0: none), valueUntil 8 (0: none), retainUntil 8, endsAt 8; token and
--         fingerprint with 2 bytes of length before each; the texts evidence and value; then 1 and the payment, or 0.
-- payment refusals 4, settledAt 8 (0: none), then the texts payload, collector, reference, deliveredBy; then the
--         number of texts in undone 1, and those. A space in payload: what follows is what it was priced by.
-- text    its length plus one in 4 bytes (0: none), then the text.

local RECORD_FORMAT = 2
local STATES = { 'in-progress', 'unknown', 'accepted', 'rejected', 'released', 'settled', 'delivered', 'expired' }
local WITH_VALUE = { accepted = true, rejected = true, settled = true, delivered = true, expired = true }
local HEAD = '>BBBI8I4I8I8I8I8I8I2c0I2c0'

local function decode(raw)
  local body = {}
  local form, state, expiry, at
  form, state, expiry, body.fence, body.attempt, body.leaseUntilMs, body.unknownAtMs, body.valueUntilMs,
    body.retainUntilMs, body.endsAtMs, body.token, body.fingerprint, at = struct.unpack(HEAD, raw)
  local function decodeText()
    local size
    size, at = struct.unpack('>I4', raw, at)
    if size == 0 then return nil end
    local text = string.sub(raw, at, at + size - 2)
    at = at + size - 1
    return text
  end
  body.state, body.onLeaseExpiry = STATES[state], expiry == 1 and 'unknown' or 'retry'
  if body.unknownAtMs == 0 then body.unknownAtMs = nil end
  if body.valueUntilMs == 0 then body.valueUntilMs = nil end
  body.evidence = decodeText()
  body.value = decodeText()
  local paid
  paid, at = struct.unpack('>B', raw, at)
  if paid == 1 then
    local payment = {}
    payment.refusals, payment.settledAtMs, at = struct.unpack('>I4I8', raw, at)
    if payment.settledAtMs == 0 then payment.settledAtMs = nil end
    payment.payload = decodeText()
    payment.collector = decodeText()
    payment.reference = decodeText()
    payment.deliveredBy = decodeText()
    local count
    count, at = struct.unpack('>B', raw, at)
    payment.undone = {}
    for i = 1, count do payment.undone[i] = decodeText() end
    body.payment = payment
  end
  local settled = body.state == 'settled' or body.state == 'delivered'
  if form ~= RECORD_FORMAT or not body.state or expiry > 1 or paid > 1 or at ~= #raw + 1
    or (WITH_VALUE[body.state] and not body.value)
    or ((body.state == 'accepted' or body.state == 'rejected') and not body.valueUntilMs)
    or (body.payment and not body.payment.payload)
    or (settled and not (body.payment and body.payment.settledAtMs)) then
    fail('CORRUPT')
  end
  return body
end

-- The reader of each format. A later release adds the reader of the format before its own, which answers today's
-- fields, and writes today's format: so any change brings a record up to date. A format that is not here is unreadable.
local READERS = { [RECORD_FORMAT] = decode }

-- The live record's body at a key, or nil. `endsAtMs` is the record's.
local function readBody(recordKey)
  local raw = redis.call('GET', recordKey)
  if not raw then return nil end
  local ok, body = pcall(READERS[string.byte(raw)], raw)
  if not ok then fail('CORRUPT') end
  return body.endsAtMs > now and body or nil
end

local function phaseOf(body)
  if not body or body.state == 'released' then return 'absent' end
  local state = body.state
  if state == 'unknown' or state == 'delivered' or state == 'expired' then return state end
  if state == 'in-progress' then
    if body.leaseUntilMs > now then return 'held' end
    return body.onLeaseExpiry == 'retry' and 'lapsed' or 'unknown'
  end
  if state == 'settled' then return body.leaseUntilMs > now and 'held' or 'settled' end
  if body.valueUntilMs > now then return 'done' end
  return state == 'accepted' and 'spent' or 'absent'
end
