-- Sessions: core's transitions (packages/core/src/session), line for line where it can be.
--
-- session     string: FORMAT, big-endian version 8, createdAt 8, expiresAt 8, idleTtl 8 (0: none), absolute 8 (0:
--             none); subject's hash with 2 bytes of length before it (0: none), its text with 4; 2 bytes: quotas plus
--             one (0: none were given), each a name with 2 bytes and decimal digits with 1 byte of length; then the
--             payload.
-- operations  hash: one field for each opId's hash, and the field @ with the instant until which all are remembered.
-- index       sorted set: subject's hash (22 characters) and session's hash, by expiry.

local REMEMBER, SUBJECT_HASH = 86400000, 22
local HEAD = '>BI8I8I8I8I8I2c0I4c0I2'

-- Quotas go to 2^63-1, beyond what a double holds: decimal text, computed as two numbers of 9 and 10 digits.
local function limbs(digits)
  return tonumber(string.sub(digits, 1, -11)) or 0, tonumber(string.sub(digits, -10))
end
local function digits(high, low)
  if high == 0 then return int(low) end
  return int(high) .. string.format('%010.0f', low)
end
local function less(a, b)
  local ah, al = limbs(a)
  local bh, bl = limbs(b)
  return ah < bh or (ah == bh and al < bl)
end
local function sum(a, b)
  local ah, al = limbs(a)
  local bh, bl = limbs(b)
  local low = al + bl
  if low >= 10000000000 then return digits(ah + bh + 1, low - 10000000000) end
  return digits(ah + bh, low)
end
local function difference(a, b)
  local ah, al = limbs(a)
  local bh, bl = limbs(b)
  if al < bl then return digits(ah - bh - 1, al + 10000000000 - bl) end
  return digits(ah - bh, al - bl)
end
local MOST = '9223372036854775807'

local function encode(s)
  local head = struct.pack(
    HEAD, FORMAT, s.version, s.createdAt, s.expiresAt, s.idle or 0, s.absolute or 0,
    #s.subject, s.subject, #s.subjectText, s.subjectText, s.quotas and #s.quotas + 1 or 0
  )
  local parts = { head }
  for _, quota in ipairs(s.quotas or {}) do
    parts[#parts + 1] = struct.pack('>I2c0I1c0', #quota[1], quota[1], #quota[2], quota[2])
  end
  parts[#parts + 1] = s.payload
  return table.concat(parts)
end

local function decode(raw)
  local s, form, count, at = {}, nil, nil, nil
  form, s.version, s.createdAt, s.expiresAt, s.idle, s.absolute, s.subject, s.subjectText, count, at = struct.unpack(HEAD, raw)
  if form ~= FORMAT then fail('CORRUPT') end
  if s.idle == 0 then s.idle = nil end
  if s.absolute == 0 then s.absolute = nil end
  if count > 0 then
    s.quotas = {}
    for i = 1, count - 1 do
      local name, held
      name, held, at = struct.unpack('>I2c0I1c0', raw, at)
      if not string.match(held, '^%d+$') then fail('CORRUPT') end
      s.quotas[i] = { name, held }
    end
  end
  s.payload = string.sub(raw, at)
  return s
end

local function decoded(raw)
  local ok, s = pcall(decode, raw)
  if not ok then fail('CORRUPT') end
  return s
end

-- The live session at a key, or nil.
local function read(k)
  local raw = redis.call('GET', k)
  if not raw then return nil end
  local s = decoded(raw)
  if s.expiresAt <= now then return nil end
  return s
end

local function write(k, s, jitter)
  redis.call('SET', k, encode(s), 'PX', px(s.expiresAt, jitter))
  wrote = true
end

-- A session as text: nine fields, then the names and digits of its quotas in turn.
local function fields(s)
  local reply = {
    int(s.version), int(s.createdAt), int(s.expiresAt), s.idle and int(s.idle) or '', s.absolute and int(s.absolute) or '',
    s.payload, s.subject, s.subjectText, s.quotas and #s.quotas or -1,
  }
  for _, quota in ipairs(s.quotas or {}) do
    reply[#reply + 1] = quota[1]
    reply[#reply + 1] = quota[2]
  end
  return reply
end

-- Quotas as arguments: their number (-1: none were given), then names and digits in turn.
local function quotasArgument()
  local count = num()
  if count < 0 then return nil end
  local quotas = {}
  for i = 1, count do quotas[i] = { arg(), arg() } end
  return quotas
end

-- A session's fields as arguments, in the order of `fields`.
local function sessionArgument()
  local s = {
    version = num(), createdAt = num(), expiresAt = num(), idle = num(), absolute = num(),
    payload = arg(), subject = arg(), subjectText = arg(),
  }
  s.quotas = quotasArgument()
  return s
end

local function prune(i, jitter)
  redis.call('ZREMRANGEBYSCORE', i, '-inf', int(now))
  local last = redis.call('ZRANGE', i, -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIRE', i, px(tonumber(last[2]), jitter)) end
end
local function join(i, s, hash, jitter)
  if s.subject == '' then return end
  redis.call('ZADD', i, int(s.expiresAt), s.subject .. hash)
  prune(i, jitter)
end
local function leave(i, s, hash, jitter)
  if s.subject == '' then return end
  redis.call('ZREM', i, s.subject .. hash)
  prune(i, jitter)
end

-- Until when a session's operations are remembered; nil where there are none.
local function remembered(o)
  local ends = tonumber(redis.call('HGET', o, '@') or nil)
  if ends and ends > now then return ends end
  return nil
end
local function isApplied(o, operation)
  return remembered(o) ~= nil and redis.call('HEXISTS', o, operation) == 1
end
local function keepUntil(o, ends, jitter)
  redis.call('HSET', o, '@', int(ends))
  redis.call('PEXPIRE', o, px(ends, jitter))
end
local function remember(o, operation, sessionEnd, jitter)
  local ends = remembered(o)
  if not ends then redis.call('DEL', o) end
  redis.call('HSET', o, operation, '1')
  keepUntil(o, math.max(ends or 0, sessionEnd, now + REMEMBER), jitter)
end
local function extend(o, sessionEnd, jitter)
  local ends = remembered(o)
  if ends and ends < sessionEnd then keepUntil(o, sessionEnd, jitter) end
end

local function begun(version, payload, idle, absoluteTtl)
  return {
    version = version, createdAt = now, idle = idle, absolute = absoluteTtl and now + absoluteTtl,
    payload = payload, subject = '', subjectText = '',
  }
end
local function firstExpiry(idle, absoluteTtl)
  return now + math.min(idle or math.huge, absoluteTtl or math.huge)
end

local operations = {}

function operations.create()
  local k, i, jitter, hash = key(), key(), num(), arg()
  local version, payload, idle, absoluteTtl, subject, subjectText = num(), arg(), num(), num(), arg(), arg()
  local quotas = quotasArgument()
  if read(k) then return { 'exists' } end
  local s = begun(version, payload, idle, absoluteTtl)
  s.expiresAt = firstExpiry(idle, absoluteTtl)
  s.subject, s.subjectText, s.quotas = subject, subjectText, quotas
  write(k, s, jitter)
  join(i, s, hash, jitter)
  return { 'ok', fields(s) }
end

function operations.get()
  local s = read(key())
  return s and fields(s) or {}
end

function operations.touch()
  local k, o, i, jitter, hash = key(), key(), key(), num(), arg()
  local s = read(k)
  if not s then return {} end
  if s.idle then
    local idleEnd = now + s.idle
    local expiresAt = math.max(s.expiresAt, math.min(idleEnd, s.absolute or idleEnd))
    if expiresAt ~= s.expiresAt then
      s.expiresAt = expiresAt
      write(k, s, jitter)
      extend(o, expiresAt, jitter)
      join(i, s, hash, jitter)
    end
  end
  return fields(s)
end

function operations.update()
  local k, jitter, ifVersion, payload = key(), num(), num(), arg()
  local s = read(k)
  if not s then return { 'missing' } end
  if s.version ~= ifVersion then return { 'conflict', fields(s) } end
  s.version, s.payload = s.version + 1, payload
  write(k, s, jitter)
  return { 'ok', fields(s) }
end

function operations.credit()
  local k, o, i, jitter, hash, operation, extendMs = key(), key(), key(), num(), arg(), arg(), num()
  local added, creates = quotasArgument(), arg() == '1'
  local version, payload, idle, absoluteTtl
  if creates then version, payload, idle, absoluteTtl = num(), arg(), num(), num() end
  local s = read(k)
  if isApplied(o, operation) then
    if not s then return { 'missing' } end
    return { 'ok', 1, fields(s) }
  end
  if not s then
    if not creates then return { 'missing' } end
    s = begun(version, payload, idle, absoluteTtl)
    s.expiresAt = extendMs and now or firstExpiry(idle, absoluteTtl)
  end
  if extendMs then
    s.expiresAt = math.max(now, s.expiresAt) + extendMs
    if s.expiresAt > (s.absolute or 8640000000000000) then fail('DEADLINE') end
  end
  if added then
    s.quotas = s.quotas or {}
    for _, grant in ipairs(added) do
      local held
      for _, quota in ipairs(s.quotas) do
        if quota[1] == grant[1] then held = quota end
      end
      if not held then
        held = { grant[1], '0' }
        s.quotas[#s.quotas + 1] = held
      end
      held[2] = sum(held[2], grant[2])
      if less(MOST, held[2]) then fail('QUOTA') end
    end
  end
  write(k, s, jitter)
  remember(o, operation, s.expiresAt, jitter)
  if extendMs then join(i, s, hash, jitter) end
  return { 'ok', 0, fields(s) }
end

function operations.debit()
  local k, o, jitter, name, amount, operation = key(), key(), num(), arg(), arg(), arg()
  local s = read(k)
  if not s then return { 'missing' } end
  local held
  for _, quota in ipairs(s.quotas or {}) do
    if quota[1] == name then held = quota end
  end
  local left = held and held[2] or '0'
  if operation ~= '' and isApplied(o, operation) then return { 'ok', left, 1 } end
  if less(left, amount) then return { 'insufficient', left, 0 } end
  held[2] = difference(left, amount)
  write(k, s, jitter)
  if operation ~= '' then remember(o, operation, s.expiresAt, jitter) end
  return { 'ok', held[2], 0 }
end

function operations.delete()
  local k, i, jitter, hash, ifVersion = key(), key(), num(), arg(), num()
  local s = read(k)
  if not s or (ifVersion and ifVersion ~= s.version) then return { 0 } end
  redis.call('DEL', k)
  leave(i, s, hash, jitter)
  return { 1 }
end

-- The cold operations run in TypeScript over compare-and-set. `read` gives each record and a stamp of its bytes. `swap`
-- writes if all stamps still hold.

local function memberFields(i)
  local members, found = redis.call('ZRANGEBYSCORE', i, '(' .. int(now), '+inf', 'WITHSCORES'), {}
  for at = 1, #members, 2 do
    found[#found + 1] = string.sub(members[at], SUBJECT_HASH + 1)
    found[#found + 1] = string.sub(members[at], 1, SUBJECT_HASH)
    found[#found + 1] = int(tonumber(members[at + 1]))
  end
  return found
end

-- The stamp of the value at a key, and its live record as text (nil: none).
local function stamped(k, kind)
  if kind == 'index' then
    local found = memberFields(k)
    return redis.sha1hex(table.concat(found, ' ')), found[1] and found or nil
  end
  local raw = redis.call('GET', k)
  if not raw then return '', nil end
  -- An unreadable session fails the step that reads it. A step that only deletes it does not care.
  local ok, s = pcall(decode, raw)
  if not ok then return redis.sha1hex(raw), '!' end
  return redis.sha1hex(raw), s.expiresAt > now and fields(s) or nil
end

function operations.read()
  local reply = { int(now) }
  for n = 1, num() do
    local stamp, record = stamped(key(), arg())
    reply[n + 1] = { stamp, record or false }
  end
  return reply
end

function operations.swap()
  local jitter, changes, holds = num(), {}, true
  for n = 1, num() do
    local change = { key = key(), kind = arg(), stamp = arg(), action = arg() }
    if change.action == 'put' and change.kind == 'session' then change.session = sessionArgument() end
    if change.action == 'put' and change.kind == 'index' then
      change.members = {}
      for m = 1, num() do change.members[m] = { hash = arg(), subject = arg(), expiresAt = arg() } end
    end
    changes[n] = change
  end
  for _, change in ipairs(changes) do
    holds = holds and stamped(change.key, change.kind) == change.stamp
  end
  if not holds then return { 0 } end
  for _, change in ipairs(changes) do
    if change.session then
      write(change.key, change.session, jitter)
    elseif change.action ~= 'keep' then
      redis.call('DEL', change.key)
      for _, member in ipairs(change.members or {}) do
        redis.call('ZADD', change.key, member.expiresAt, member.subject .. member.hash)
      end
      if change.members then prune(change.key, jitter) end
    end
  end
  return { 1 }
end

return answer(operations)
