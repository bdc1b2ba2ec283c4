-- Sliding window counter, the twin of core's sliding-window.ts. State: index, current, previous. A record is FORMAT and
-- three big-endian integers.

-- The state and how it was found; nil where it cannot be read.
local function read(raw)
  local here = floor(now / window)
  if not raw then return here, 0, 0 end
  if byte(raw) ~= FORMAT or #raw ~= 25 then return nil end
  local index, current, previous = struct.unpack('>I8I8I8', raw, 2)
  if index == here then return index, current, previous, STORED end
  if index > here then
    return here, max(current, previous, min(current + previous, 2 * limit)), 0, MENDED
  end
  return here, 0, index == here - 1 and current or 0, CHANGED
end

local function remaining(index, current, previous)
  local elapsed = now - index * window
  return limit - current - ceil(previous * (window - elapsed) / window)
end

local function take(index, current, previous, units) return index, current + units, previous end

local function endOf(index, current, previous)
  if current > 0 then return (index + 2) * window end
  return previous > 0 and (index + 1) * window or 0
end

local function encode(index, current, previous) return '1' .. struct.pack('>I8I8I8', index, current, previous) end

-- Within a window the end stays where it is, once something was taken.
local function write(key, how, index, current, previous, _, before)
  if how == STORED and before > 0 then
    return redis.pcall('SET', key, encode(index, current, previous), 'KEEPTTL')
  end
  return set(key, encode(index, current, previous), endOf(index, current, previous), not how)
end
