-- The beginning of every script: the instant, the arguments' cursor, physical expiry, and one reply for each call.
--
-- A script call carries an array of calls. ARGV: the instant in milliseconds (empty: this server's TIME), the number of
-- calls, then each call's operation and arguments, read one after the other. KEYS likewise. The reply is an array with
-- one entry a call: an array, or a string that begins with "!" and names the failure of that call alone.

local argAt, keyAt = 0, 0
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

-- TIME once a script: before Redis 7.2 it moves on within one.
local now, slackMs = arg(), 0
if now == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
else
  -- An injected instant (tests): a record must expire by it, and may not vanish before by the server's own clock.
  now = tonumber(now)
  slackMs = 60000
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

local function answer(operations)
  local replies = {}
  for i = 1, num() do
    local operation = operations[arg()]
    local ok, reply = pcall(operation)
    if not ok then
      -- Redis 7 throws tables, earlier ones text. A key of another type is as unreadable as wrong bytes.
      local said = type(reply) == 'table' and (reply.code or reply.err) or reply
      local word = string.match(said, '^%-?(%u+)') or 'ERR'
      -- Before 7.2 a missing right within a script has no error word of its own.
      if string.find(said, 'The user executing the script', 1, true) then word = 'NOPERM' end
      reply = '!' .. (word == 'WRONGTYPE' and 'CORRUPT' or word)
    end
    replies[i] = reply
  end
  return replies
end
