-- Quotas in a record: each a name after 2 characters of size, and decimal digits after 1. And their bounds: core's
-- quota-bounds.ts.

local NAME_SIZE, DIGITS_SIZE = 2, 1
local MOST_QUOTAS, QUOTA_BYTES = 100, 20

-- A list of { name, digits }; of no text an empty one.
local function quotasIn(text)
  local quotas, at = {}, 1
  while text and at <= #text do
    local nameSize = number(text, at, NAME_SIZE)
    local digitsAt = at + NAME_SIZE + nameSize
    local digitsSize = number(text, digitsAt, DIGITS_SIZE)
    local name = string.sub(text, at + NAME_SIZE, digitsAt - 1)
    at = digitsAt + DIGITS_SIZE + digitsSize
    local held = string.sub(text, digitsAt + DIGITS_SIZE, at - 1)
    if at > #text + 1 or not string.match(held, '^%d+$') then fail('CORRUPT') end
    quotas[#quotas + 1] = { name, held }
  end
  return quotas
end

local function quotasText(quotas)
  local parts = {}
  for _, quota in ipairs(quotas) do
    parts[#parts + 1] = characters(#quota[1], NAME_SIZE) .. quota[1] .. characters(#quota[2], DIGITS_SIZE) .. quota[2]
  end
  return table.concat(parts)
end

local function quotaNamed(quotas, name)
  for _, quota in ipairs(quotas) do
    if quota[1] == name then return quota end
  end
  return nil
end

local function requireRoom(payload, quotas, maxValueBytes)
  if #quotas > MOST_QUOTAS then fail('QUOTAS') end
  local bytes = #payload
  for _, quota in ipairs(quotas) do bytes = bytes + #quota[1] + QUOTA_BYTES end
  if #quotas > 0 and bytes > maxValueBytes then fail('ROOM') end
end

-- Quotas as arguments: their number (-1: none were given), then names and digits in turn.
local function quotasArgument()
  local count = num()
  if count < 0 then return nil end
  local quotas = {}
  for i = 1, count do quotas[i] = { arg(), arg() } end
  return quotas
end
