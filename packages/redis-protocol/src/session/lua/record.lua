-- A session's record, read: core's session-state.ts. It is text (well-formed UTF-8), so that a reply can be the record as
-- it is; session-record.ts reads that. Numbers are written in characters of 7 bits, the lowest first.
--
-- form       1       which parts follow: a sum of WIDE, IDLE, ABSOLUTE, SUBJECT and QUOTAS. Formats to come begin with a
--                    character from 32 on.
-- version    7
-- createdAt  6       WIDE: 8
-- expiresAt  4       WIDE: 8; milliseconds after createdAt
-- idle       4       WIDE: 8; where IDLE
-- absolute   4       WIDE: 8; milliseconds after createdAt; where ABSOLUTE
-- subject    22      its hash, then its text after 5 characters of size; where SUBJECT
-- quotas             after 3 characters of size; where QUOTAS. See quotas.lua.
-- payload            the codec's text
--
-- The other keys: operations, a hash with a field for each opId's hash, and the field @ with the instant until which all
-- are remembered. index, a sorted set of a subject's hash and a session's hash, by expiry.

local WIDE, IDLE, ABSOLUTE, SUBJECT, QUOTAS = 1, 2, 4, 8, 16
local HASH_SIZE, TEXT_SIZE, QUOTAS_SIZE = 22, 5, 3
-- All before the subject's text fits in these many characters.
local LONGEST_HEAD = 70
-- So that no instant counted from now exceeds 2^53. A TTL is far below.
local LONGEST_TTL = 4503599627370496

local function four(raw, at)
  local a, b, c, d = string.byte(raw, at, at + 3)
  if not d or a > 127 or b > 127 or c > 127 or d > 127 then fail('CORRUPT') end
  return a + b * 128 + c * 16384 + d * 2097152
end

-- The number in up to 8 characters.
local function number(raw, at, size)
  if size == 4 then return four(raw, at) end
  if size == 8 then return four(raw, at) + four(raw, at + 4) * 268435456 end
  local x = 0
  for i = at + size - 1, at, -1 do
    local digit = string.byte(raw, i)
    if not digit or digit > 127 then fail('CORRUPT') end
    x = x * 128 + digit
  end
  return x
end

local function has(form, part)
  return form % (2 * part) >= part
end

local function versionIn(raw)
  return number(raw, 2, 7)
end

-- What comes before the subject's text; `textAt` is where that begins, `expiryAt` where the expiry does.
local function headOf(raw)
  local form, a, b, c, d, e, f, g = string.byte(raw, 1, 8)
  -- A version is never 0.
  if not g or form > 31 or math.max(a, b, c, d, e, f, g) > 127 or a + b + c + d + e + f + g == 0 then fail('CORRUPT') end
  local wide = has(form, WIDE)
  local size, at = wide and 8 or 4, wide and 17 or 15
  local createdAt = four(raw, 9) + number(raw, 13, at - 13) * 268435456
  local s = { form = form, createdAt = createdAt, expiryAt = at, size = size, expiresAt = createdAt + number(raw, at, size) }
  at = at + size
  if has(form, IDLE) then
    s.idle = number(raw, at, size)
    at = at + size
  end
  if has(form, ABSOLUTE) then
    s.absolute = createdAt + number(raw, at, size)
    at = at + size
  end
  if has(form, SUBJECT) then
    s.subject = string.sub(raw, at, at + HASH_SIZE - 1)
    at = at + HASH_SIZE
  end
  s.textAt = at
  if s.expiresAt == createdAt or math.max(s.expiresAt, s.absolute or 0) > 9007199254740991 or (s.idle or 0) > LONGEST_TTL then
    fail('CORRUPT')
  end
  return s
end

-- The head, and where quotas and payload begin.
local function layoutOf(raw)
  local s = headOf(raw)
  local at = s.textAt
  if s.subject then at = at + TEXT_SIZE + number(raw, at, TEXT_SIZE) end
  s.quotasAt = at
  if has(s.form, QUOTAS) then
    at = at + QUOTAS_SIZE + number(raw, at, QUOTAS_SIZE)
    s.quotas = string.sub(raw, s.quotasAt + QUOTAS_SIZE, at - 1)
  end
  if at > #raw + 1 then fail('CORRUPT') end
  s.payloadAt = at
  return s
end

-- The whole record. `quotas` stays text.
local function decode(raw)
  local s = layoutOf(raw)
  s.version = versionIn(raw)
  if s.subject then s.subjectText = string.sub(raw, s.textAt + TEXT_SIZE, s.quotasAt - 1) end
  s.payload = string.sub(raw, s.payloadAt)
  return s
end

-- The live session at a key, read by one of these functions, and its record; or nil.
local function read(k, reading)
  local raw = redis.call('GET', k)
  if not raw then return nil end
  local s = reading(raw)
  if s.expiresAt <= now then return nil end
  return s, raw
end

-- The head of the live session at a key, and the text that it was read from; or nil.
local function readHead(k)
  local raw = redis.call('GETRANGE', k, 0, LONGEST_HEAD - 1)
  if raw == '' then
    -- An empty text is no session. PTTL tells it from none.
    if redis.call('PTTL', k) ~= -2 then fail('CORRUPT') end
    return nil
  end
  local s = headOf(raw)
  if s.expiresAt <= now then return nil end
  return s, raw
end
