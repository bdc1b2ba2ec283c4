-- A session's record, written: see record.lua.

local function encode(s)
  local after, absolute = s.expiresAt - s.createdAt, s.absolute and s.absolute - s.createdAt
  local wide = math.max(after, s.idle or 0, absolute or 0) >= 268435456 or s.createdAt >= 4398046511104
  local size = wide and 8 or 4
  local form = (wide and WIDE or 0) + (s.idle and IDLE or 0) + (absolute and ABSOLUTE or 0) + (s.subject and SUBJECT or 0)
    + (s.quotas and QUOTAS or 0)
  return string.char(form) .. characters(s.version, 7) .. characters(s.createdAt, wide and 8 or 6) .. characters(after, size)
    .. (s.idle and characters(s.idle, size) or '') .. (absolute and characters(absolute, size) or '')
    .. (s.subject and s.subject .. characters(#s.subjectText, TEXT_SIZE) .. s.subjectText or '')
    .. (s.quotas and characters(#s.quotas, QUOTAS_SIZE) .. s.quotas or '') .. s.payload
end

local function write(k, s, jitter)
  local raw = encode(s)
  redis.call('SET', k, raw, 'PX', px(s.expiresAt, jitter))
  wrote = true
  return raw
end
