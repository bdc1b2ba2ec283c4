-- A session's record, written: see record.lua.

local function put(bytes, x, size)
  for _ = 1, size do
    bytes[#bytes + 1] = x % 128
    x = math.floor(x / 128)
  end
end

local function characters(x, size)
  local bytes = {}
  put(bytes, x, size)
  return string.char(unpack(bytes))
end

local function encode(s)
  local after, absolute = s.expiresAt - s.createdAt, s.absolute and s.absolute - s.createdAt
  local wide = math.max(after, s.idle or 0, absolute or 0) >= 268435456 or s.createdAt >= 4398046511104
  local size = wide and 8 or 4
  local bytes = {
    (wide and WIDE or 0) + (s.idle and IDLE or 0) + (absolute and ABSOLUTE or 0) + (s.subject and SUBJECT or 0)
      + (s.quotas and QUOTAS or 0),
  }
  put(bytes, s.version, 7)
  put(bytes, s.createdAt, wide and 8 or 6)
  put(bytes, after, size)
  if s.idle then put(bytes, s.idle, size) end
  if absolute then put(bytes, absolute, size) end
  local raw = string.char(unpack(bytes))
  if s.subject then raw = raw .. s.subject .. characters(#s.subjectText, TEXT_SIZE) .. s.subjectText end
  if s.quotas then raw = raw .. characters(#s.quotas, QUOTAS_SIZE) .. s.quotas end
  return raw .. s.payload
end

-- Replaces a record whose expiry stays.
local function rewrite(k, s)
  local raw = encode(s)
  redis.call('SET', k, raw, 'KEEPTTL')
  wrote = true
  return raw
end

local function write(k, s, jitter)
  local raw = encode(s)
  redis.call('SET', k, raw, 'PX', px(s.expiresAt, jitter))
  wrote = true
  return raw
end
