-- Extends sessions because they are used: core's touch-session.ts. Only a record's expiry is written, and nothing where it
-- stays.
--
-- KEYS: for each session its record, its operations and the index. ARGV: the instant, the spread of physical expiry, each
-- session's hash. The reply: the instant, and for each session what `answering` gives for it, nothing where there is none,
-- or an error's word after a "!".

-- To now + idle TTL, never past the absolute deadline, never backwards.
local function touchedExpiry(s)
  if not s.idle then return s.expiresAt end
  local idleEnd = now + s.idle
  return math.max(s.expiresAt, math.min(idleEnd, s.absolute or idleEnd))
end

-- True where something was written. `s` then has its new expiry.
local function extendRecord(k, s, spread)
  local expiresAt = touchedExpiry(s)
  if expiresAt == s.expiresAt then return false end
  local after = expiresAt - s.createdAt
  s.expiresAt = expiresAt
  -- First: after it, Redis takes the script's other writes also at maxmemory.
  redis.call('PEXPIRE', k, px(expiresAt, spread))
  wrote = true
  if s.size == 4 and after >= 268435456 then
    local whole = decode(redis.call('GET', k))
    whole.expiresAt = expiresAt
    redis.call('SET', k, encode(whole), 'KEEPTTL')
  else
    redis.call('SETRANGE', k, s.expiryAt - 1, characters(after, s.size))
  end
  return true
end

-- One command says that no session of the call has operations. Most have none.
local function hasOperations()
  local keys = {}
  for i = 2, #KEYS, 3 do keys[#keys + 1] = KEYS[i] end
  return redis.call('EXISTS', unpack(keys)) > 0
end

-- `reading`: the head of the live session at a key, and its text. `answering`: what to reply for it.
local function extendEach(reading, answering)
  local spread, replies, operations = tonumber(ARGV[2]), {}, nil
  local function extendOne(k, o, index, hash)
    local s, raw = reading(k)
    if not s then return false end
    local extended = extendRecord(k, s, spread)
    if extended then
      if operations == nil then operations = hasOperations() end
      if operations then extend(o, s.expiresAt, spread) end
      join(index, s, hash, spread)
    end
    return answering(k, s, raw, extended)
  end
  for i = 1, #KEYS / 3 do
    local ok, reply = pcall(extendOne, KEYS[3 * i - 2], KEYS[3 * i - 1], KEYS[3 * i], ARGV[i + 2])
    if not ok then reply = failureOf(reply) end
    replies[i] = reply
  end
  return refusal(wrote) or { now, replies }
end
