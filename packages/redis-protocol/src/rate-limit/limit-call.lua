-- A script for one limit and many keys. ${...} stands for the parts of an algorithm's file and of an operation's, put in
-- here before the script is sent: each of its own functions would cost as much as a command.
--
-- ARGV: the instant; the spread of physical expiry; the limit (a token bucket's capacity); the window in milliseconds (a
-- token bucket's interval in microseconds); the cost; then, where not once each, how many equal calls ask for each key.
-- The reply: the instant, the units that all calls took together, and for each key the record that its calls found; an
-- error's text after a "!" where they failed. From these, core's twin tells each caller's decision.
--
-- For each key: block and read set blockedUntil, found and the state; the operation sets units, and written where it wrote.
-- read does not look at each character of a record. What writes over it does, and so does the twin.
local spread, limit, window, cost = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local costText, merged, floor, ceil, DIGITS = ARGV[5], ARGV[6], math.floor, math.ceil, '^1%d+$'
${terms}
local records, total, wrote = redis.call('MGET', unpack(KEYS)), 0, false
for i = 1, #KEYS do
  local key, raw, times = KEYS[i], records[i], merged and tonumber(ARGV[5 + i]) or 1
  local units, written = 0, nil
  local ${block}
  ${read}
  if found == 'corrupt' then
    records[i] = '!CORRUPT'
  else
    ${operation}
    -- A record of another type reads as none. PTTL tells of any.
    if not found and not written and redis.call('PTTL', key) ~= -2 then written = { err = 'CORRUPT' } end
    if type(written) == 'table' and written.err then
      records[i] = '!' .. written.err
    else
      total, wrote = total + units, wrote or written
    end
  end
end
${refusing}
return { now, total, records }
