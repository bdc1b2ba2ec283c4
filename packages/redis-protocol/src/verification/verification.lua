-- Verifications: core's transitions (packages/core/src/verification), line for line where it can be.
--
-- A record is FORMAT, state, onLeaseExpiry (0 retry, 1 unknown), then big-endian: fence 8, attempt 4, leaseUntil 8,
-- unknownAt 8 (0: none), valueUntil 8, retainUntil 8, endsAt 8; token and fingerprint with 2 bytes of length before each; evidence and
-- value with 4 bytes of length plus one before each (0: none). A marker is FORMAT, M, at 8, endsAt 8, token, fingerprint.

local FLOOR, CEILING = 600000, 2678400000
local IN_PROGRESS, UNKNOWN, ACCEPTED, REJECTED, RELEASED = 1, 2, 3, 4, 5

local function text(s)
  return s and struct.pack('>I4', #s + 1) .. s or struct.pack('>I4', 0)
end

local function encode(b)
  return struct.pack(
    '>BBBI8I4I8I8I8I8I8I2c0I2c0', FORMAT, b.state, b.unknown and 1 or 0, b.fence, b.attempt, b.leaseUntil,
    b.unknownAt or 0, b.valueUntil or 0, b.retainUntil, b.endsAt, #b.token, b.token, #b.fingerprint, b.fingerprint
  ) .. text(b.evidence) .. text(b.value)
end

local function decode(raw)
  local b, at, unknown, size = {}, 1, 0, 0
  local form
  form, b.state, unknown, b.fence, b.attempt, b.leaseUntil, b.unknownAt, b.valueUntil, b.retainUntil, b.endsAt, b.token,
    b.fingerprint, at = struct.unpack('>BBBI8I4I8I8I8I8I8I2c0I2c0', raw)
  if form ~= FORMAT or b.state < IN_PROGRESS or b.state > RELEASED or unknown > 1 then fail('CORRUPT') end
  b.unknown = unknown == 1
  if b.unknownAt == 0 then b.unknownAt = nil end
  for _, name in ipairs({ 'evidence', 'value' }) do
    size, at = struct.unpack('>I4', raw, at)
    if size > 0 then
      if #raw < at + size - 2 then fail('CORRUPT') end
      b[name] = string.sub(raw, at, at + size - 2)
      at = at + size - 1
    end
  end
  if at ~= #raw + 1 or ((b.state == ACCEPTED or b.state == REJECTED) and not b.value) then fail('CORRUPT') end
  return b
end

-- The live record at a key, or nil.
local function read(k)
  local raw = redis.call('GET', k)
  if not raw then return nil end
  local ok, b = pcall(decode, raw)
  if not ok then fail('CORRUPT') end
  if b.endsAt <= now then return nil end
  return b
end

local function phase(b)
  if not b or b.state == RELEASED then return 'absent' end
  if b.state == UNKNOWN then return 'unknown' end
  if b.state == IN_PROGRESS then
    if b.leaseUntil > now then return 'held' end
    return b.unknown and 'unknown' or 'lapsed'
  end
  if b.valueUntil > now then return 'done' end
  return b.state == ACCEPTED and 'spent' or 'absent'
end

-- What is unknown, or would be if its holder died now, is not forgotten before the ceiling.
local function write(k, b, jitter)
  local inDoubt = b.state == UNKNOWN or (b.state == IN_PROGRESS and b.unknown)
  b.endsAt = inDoubt and math.max(b.retainUntil, now + CEILING) or b.retainUntil
  redis.call('SET', k, encode(b), 'PX', px(b.endsAt, jitter))
end

-- For a write that must succeed although memory is full: a script that has written already may go on writing.
local function finish(k, b, jitter)
  redis.call('PEXPIRE', k, px(math.max(b.retainUntil, now + FLOOR), jitter))
  write(k, b, jitter)
end

-- Hints come last and may fail: an ACL user without channel rights would make the whole script an error. Before Redis 7
-- there is no SPUBLISH.
local function hint(command, channel, message)
  if command == '' then return end
  local sent = redis.pcall(command, channel, message)
  if command == 'SPUBLISH' and type(sent) == 'table' and sent.err then redis.pcall('PUBLISH', channel, message) end
end

local function lost(b)
  local p = phase(b)
  if p == 'held' or p == 'lapsed' then p = 'in-progress' end
  return { 'lost', p }
end

local function isLast(b, token, fence)
  return b.token == token and int(b.fence) == fence
end

local function retention(retainUntil, from)
  if retainUntil > now + CEILING then fail('RETENTION') end
  return math.max(retainUntil, from + FLOOR)
end

local function leased(before, token, fingerprint, leaseMs, unknown, attempt, retainUntil)
  return {
    retainUntil = math.max(retainUntil or 0, before and before.retainUntil or 0, now + leaseMs + FLOOR),
    state = IN_PROGRESS,
    fence = math.max((before and before.fence or 0) + 1, now * 1000),
    attempt = attempt,
    token = token,
    fingerprint = fingerprint,
    leaseUntil = now + leaseMs,
    unknown = unknown,
    evidence = attempt > 1 and before and before.evidence or nil,
  }
end

local function claimed(b, via)
  return { 'claimed', b.token, int(b.fence), int(b.leaseUntil - now), b.attempt, via }
end

local function view(b, p)
  if p == 'held' then return { 'in-progress', int(b.leaseUntil - now) } end
  if p == 'lapsed' then return { 'in-progress', '0' } end
  if p == 'unknown' then return { 'unknown', b.evidence or false } end
  if p == 'spent' then return { 'spent' } end
  return {
    'done', b.state == ACCEPTED and 'accepted' or 'rejected', b.value, int(math.min(b.valueUntil, b.endsAt) - now),
  }
end

local operations = {}

function operations.claim()
  local k, jitter, token, fingerprint = key(), num(), arg(), arg()
  local leaseMs, unknown, retainUntil = num(), arg() == 'unknown', num()
  local b = read(k)
  local p = phase(b)
  if p == 'absent' then
    local fresh = leased(b, token, fingerprint, leaseMs, unknown, 1, retention(retainUntil, now + leaseMs))
    write(k, fresh, jitter)
    return claimed(fresh, 'fresh')
  end
  if b.fingerprint ~= fingerprint then return { 'mismatch' } end
  if p == 'held' and b.token == token then return claimed(b, 'resume') end
  if p ~= 'lapsed' then return view(b, p) end
  local taken = leased(b, token, fingerprint, leaseMs, unknown, b.attempt + 1)
  write(k, taken, jitter)
  return claimed(taken, 'takeover')
end

function operations.reconcile()
  local k, jitter, token, leaseMs = key(), num(), arg(), num()
  local b = read(k)
  local p = phase(b)
  if p == 'absent' then return { 'in-progress', '0' } end
  if p == 'held' and b.token == token then return claimed(b, 'resume') end
  if p ~= 'unknown' then return view(b, p) end
  local taken = leased(b, token, b.fingerprint, leaseMs, true, b.attempt + 1)
  write(k, taken, jitter)
  return claimed(taken, 'takeover')
end

function operations.renew()
  local k, jitter, token, fence, leaseMs, toUnknown = key(), num(), arg(), arg(), num(), arg() == '1'
  local b = read(k)
  if phase(b) ~= 'held' or not isLast(b, token, fence) then return lost(b) end
  b.leaseUntil = math.max(b.leaseUntil, now + leaseMs)
  b.unknown = b.unknown or toUnknown
  b.retainUntil = math.max(b.retainUntil, b.leaseUntil + FLOOR)
  write(k, b, jitter)
  return { 'ok' }
end

function operations.note()
  local k, jitter, token, fence, evidence = key(), num(), arg(), arg(), arg()
  local b = read(k)
  local p = phase(b)
  if (p ~= 'held' and p ~= 'unknown') or not isLast(b, token, fence) then return lost(b) end
  b.evidence = evidence
  finish(k, b, jitter)
  return { 'ok' }
end

function operations.complete()
  local k, jitter, token, fence, outcome, value = key(), num(), arg(), arg(), arg(), arg()
  local valueTtl, retainUntil, command, channel, message = num(), num(), arg(), arg(), arg()
  local state = outcome == 'accepted' and ACCEPTED or REJECTED
  local b = read(k)
  if not b or not isLast(b, token, fence) then return lost(b) end
  if b.state == state and b.value == value then return { 'ok' } end
  local p = phase(b)
  if p ~= 'held' and p ~= 'unknown' then return lost(b) end
  local asked = math.max(math.min(retainUntil, now + CEILING), now + FLOOR)
  b.retainUntil = math.max(b.retainUntil, asked, now + math.max(0, valueTtl))
  b.state, b.value, b.evidence, b.unknownAt = state, value, nil, nil
  b.valueUntil = valueTtl < 0 and b.retainUntil or now + valueTtl
  finish(k, b, jitter)
  hint(command, channel, message)
  return { 'ok' }
end

function operations.release()
  local k, jitter, token, fence, command, channel, message = key(), num(), arg(), arg(), arg(), arg(), arg()
  local b = read(k)
  if not b or not isLast(b, token, fence) then return lost(b) end
  if b.state == RELEASED then return { 'ok' } end
  if phase(b) ~= 'held' then return lost(b) end
  b.state, b.evidence = RELEASED, nil
  b.retainUntil = math.max(b.retainUntil, now + FLOOR)
  finish(k, b, jitter)
  hint(command, channel, message)
  return { 'ok' }
end

function operations.markUnknown()
  local k, jitter, token, fence, given, evidence, command, channel, message =
    key(), num(), arg(), arg(), arg(), arg(), arg(), arg(), arg()
  local b = read(k)
  if not b or not isLast(b, token, fence) or (b.state ~= IN_PROGRESS and b.state ~= UNKNOWN) then return lost(b) end
  b.state = UNKNOWN
  b.unknownAt = b.unknownAt or now
  if given == '1' then b.evidence = evidence end
  finish(k, b, jitter)
  hint(command, channel, message)
  return { 'ok' }
end

function operations.peek()
  local b = read(key())
  local p = phase(b)
  if p == 'absent' then return { 'absent' } end
  return view(b, p)
end

-- For unresolved(): evidence and instant of a record that is unknown, or nothing.
function operations.unresolved()
  local b = read(key())
  if phase(b) ~= 'unknown' then return {} end
  return { int(b.unknownAt or b.leaseUntil), b.evidence or false }
end

function operations.markOnce()
  local k, jitter, token, fingerprint, retainUntil = key(), num(), arg(), arg(), num()
  local raw = redis.call('GET', k)
  if raw then
    local ok, form, kind, at, endsAt, holder, purpose, rest = pcall(struct.unpack, '>BBI8I8I2c0I2c0', raw)
    if not ok or form ~= FORMAT or kind ~= string.byte('M') or rest ~= #raw + 1 then fail('CORRUPT') end
    if endsAt > now then
      local mismatch = purpose ~= fingerprint
      if holder == token and not mismatch then return { 'marked' } end
      return { 'already-marked', mismatch and 1 or 0, int(at) }
    end
  end
  local endsAt = retention(retainUntil, now)
  local value = struct.pack('>BBI8I8I2c0I2c0', FORMAT, string.byte('M'), now, endsAt, #token, token, #fingerprint, fingerprint)
  redis.call('SET', k, value, 'PX', px(endsAt, jitter))
  return { 'marked' }
end

return answer(operations)
