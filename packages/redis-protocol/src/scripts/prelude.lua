-- The beginning of scripts that carry an array of calls: the arguments' cursor, physical expiry, and one reply a call.
--
-- ARGV: the instant, the number of calls, then each call's arguments, read one after the other. KEYS likewise. The reply is
-- an array with one entry a call: an array, or a string that begins with "!" and names the failure of that call alone.

local argAt, keyAt = 1, 0
local function arg()
  argAt = argAt + 1
  return ARGV[argAt]
end
local function num()
  return tonumber(arg())
end
local function key()
  keyAt = keyAt + 1
  return KEYS[keyAt]
end

local function fail(code)
  error({ code = code }, 0)
end

-- Integers as text: tostring would round from 10^14 on.
local function int(x)
  return string.format('%.0f', x)
end

-- How long a record that ends at `endsAt` is physically kept: spread by `jitter`, never shortened.
local function px(endsAt, jitter)
  return int(math.ceil((endsAt - now) * (1 + jitter)) + slackMs)
end

-- Every record begins with this byte. A later format gets another one, and its readers still accept this one.
local FORMAT = 1

-- True once a write of this script was accepted.
local wrote = false

-- The reply to a call that failed.
local function failureOf(thrown)
  local word = errorWord(thrown)
  -- A key of another type is as unreadable as wrong bytes.
  return '!' .. (word == 'WRONGTYPE' and 'CORRUPT' or word)
end

-- Runs the script's operation for each call.
local function answer(operation)
  local replies = {}
  for i = 1, num() do
    local ok, reply = pcall(operation)
    if not ok then reply = failureOf(reply) end
    replies[i] = reply
  end
  return refusal(wrote) or replies
end
