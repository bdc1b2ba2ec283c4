-- The credits and debits already applied: core's applied-operations.ts.

local REMEMBER = 86400000

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
