-- Token bucket, the twin of core's token-bucket.ts: GCRA on integer microseconds. State: tat, and how far ahead of now it
-- was allowed to be when it was written. A record is FORMAT and two big-endian integers.
local nowUs = now * 1000

-- The state and how it was found; nil where it cannot be read.
local function read(raw)
  if not raw then return nowUs, 0, 0 end
  if byte(raw) ~= FORMAT or #raw ~= 17 then return nil end
  local tat, ahead = struct.unpack('>I8I8', raw, 2)
  if tat <= nowUs then return nowUs, 0, 0, CHANGED end
  if tat > nowUs + ahead then return nowUs + ahead, ahead, 0, MENDED end
  return tat, ahead, 0, STORED
end

local function remaining(tat)
  if interval == 0 then return 0 end
  return floor((tolerance - (tat - nowUs)) / interval)
end

local function take(tat, _, _, units)
  local after = tat + interval * units
  return after, max(tolerance, after - nowUs), 0
end

local function endOf(tat) return tat > nowUs and now + ceil((tat - nowUs) / 1000) or 0 end

local function encode(tat, ahead) return '1' .. struct.pack('>I8I8', tat, ahead) end

local function write(key, how, tat, ahead) return set(key, encode(tat, ahead), endOf(tat), not how) end
