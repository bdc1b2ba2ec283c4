-- Extends a session because it is used: core's touch-session.ts. Only the record's expiry is written, and nothing where it
-- stays.

-- To now + idle TTL, never past the absolute deadline, never backwards.
local function touchedExpiry(s)
  if not s.idle then return s.expiresAt end
  local idleEnd = now + s.idle
  return math.max(s.expiresAt, math.min(idleEnd, s.absolute or idleEnd))
end

-- True where something was written. `s` then has its new expiry.
local function extendSession(k, o, index, s, hash, jitter)
  local expiresAt = touchedExpiry(s)
  if expiresAt == s.expiresAt then return false end
  local after = expiresAt - s.createdAt
  s.expiresAt = expiresAt
  -- First: after it, Redis takes the script's other writes also at maxmemory.
  redis.call('PEXPIRE', k, px(expiresAt, jitter))
  wrote = true
  if s.size == 4 and after >= 268435456 then
    local whole = decode(redis.call('GET', k))
    whole.expiresAt = expiresAt
    redis.call('SET', k, encode(whole), 'KEEPTTL')
  else
    redis.call('SETRANGE', k, s.expiryAt - 1, characters(after, s.size))
  end
  extend(o, expiresAt, jitter)
  join(index, s, hash, jitter)
  return true
end
