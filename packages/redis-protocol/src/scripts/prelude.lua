-- The beginning of every script: the instant, the arguments' cursor, physical expiry, and one reply for each call.
--
-- A script call carries an array of calls. ARGV: the instant in milliseconds (empty: this server's TIME), the number of
-- calls, then each call's arguments, read one after the other; its operation's name comes first where the script has
-- several. KEYS likewise. The reply is an array with one entry a call: an array, or a string that begins with "!" and
-- names the failure of that call alone.

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

-- The error word of a failed command, e.g. "OOM". Redis 7 throws tables, Redis 6.2 text that begins with the line. A
-- missing right has no word of its own; 7.2 and Valkey say "ACL failure", earlier ones "The user executing the script".
local function errorWord(thrown)
  local said = type(thrown) == 'table' and (thrown.code or thrown.err) or thrown
  if string.find(said, 'The user executing the script', 1, true) or string.find(said, 'ACL failure in script', 1, true) then
    return 'NOPERM'
  end
  return string.match(string.gsub(said, '^@user_script: ?%d+: ', ''), '^%-?(%u+)') or 'ERR'
end

-- True once a write of this script was accepted: this server is a primary.
local wrote = false

-- A read-only replica would answer reads, with what it has not yet heard of. It is found out by a write that changes
-- nothing: no record has this key. Nil, or the error to answer. Comes last: after any accepted write, Redis would no
-- longer refuse the script's next one at maxmemory.
local function refusal()
  if wrote or not KEYS[1] then return nil end
  -- Redis 6.2 would send replicas an empty transaction.
  if not redis.REDIS_VERSION_NUM then pcall(redis.set_repl, redis.REPL_NONE) end
  local reply = redis.pcall('DEL', KEYS[1] .. ':none')
  if type(reply) ~= 'table' then return nil end
  local word = errorWord(reply)
  if word == 'READONLY' then return { err = "READONLY You can't write against a read only replica." } end
  if word == 'NOPERM' then return reply end
end

-- Runs each call: of the one operation, or of a table of them by name.
local function answer(operations)
  local replies, one = {}, type(operations) == 'function' and operations
  for i = 1, num() do
    local ok, reply = pcall(one or operations[arg()])
    if not ok then
      local word = errorWord(reply)
      -- A key of another type is as unreadable as wrong bytes.
      reply = '!' .. (word == 'WRONGTYPE' and 'CORRUPT' or word)
    end
    replies[i] = reply
  end
  return refusal() or replies
end
